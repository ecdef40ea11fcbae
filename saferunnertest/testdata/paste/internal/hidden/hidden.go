// Package hidden can be imported in this module.
package hidden

// Level is a number.
type Level int8
