// Package kit has a dot in its path.
package kit

import (
	"context"

	"github.com/saferunner/saferunner"
)

// Size is a number with names.
type Size uint8

// The sizes.
const (
	Small Size = iota
	Large
)

// String returns the name of a size.
func (s Size) String() string { return [...]string{"small", "large"}[s] }

// Pack packs things of a size.
var Pack = saferunner.Define("kit.pack", func(context.Context, map[Size]int) error { return nil })
