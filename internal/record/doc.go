// Package record holds a run while the program knows it: a list of calls,
// with the arguments that were copied from what was passed, and what has
// become of each. A [Run] is what journals are told of, what reports look at
// and what the in-process engine works on, so that nothing about a call is
// kept twice.
package record
