// Package gate decides for each call whether it executes. Nothing else
// decides, and nothing executes without a [Pass], which only this package
// makes. It also holds the mode of the process, and the rules that a test's
// recorder lays down.
package gate
