// Package stack renders call stacks that are safe to write down. The stacks of
// the runtime show the arguments of each function as numbers, and a number can
// be a secret. The ones of this package do not.
package stack

import (
	"fmt"
	"runtime"
	"strings"
)

const (
	maxFrames = 64
	maxBytes  = 16 << 10
)

// Text returns the stack of the calling goroutine, innermost call first: two
// lines a frame, the function and below it the file and line. With skip 0 it
// begins at the function that calls Text, with 1 at its caller, and so on.
//
// Called from a deferred function while a panic unwinds, Text begins at the
// function that panicked: the frames of recovery and of the runtime are left
// out, and skip counts from there. At most 64 frames and 16 KiB are shown; a
// last line says that there are more.
func Text(skip int) string {
	pcs := make([]uintptr, 2*maxFrames)
	pcs = pcs[:runtime.Callers(2, pcs)]
	frames := afterPanic(symbolise(pcs))
	return render(frames[min(max(skip, 0), len(frames)):])
}

func symbolise(pcs []uintptr) (all []runtime.Frame) {
	if len(pcs) == 0 {
		return nil
	}
	for frames := runtime.CallersFrames(pcs); ; {
		f, more := frames.Next()
		if f.Function != "" {
			all = append(all, f)
		}
		if !more {
			return all
		}
	}
}

// afterPanic drops what stands above the function that panicked, if one did:
// the deferred function that recovers and the runtime's frames.
func afterPanic(frames []runtime.Frame) []runtime.Frame {
	for i, f := range frames {
		if f.Function != "runtime.gopanic" {
			continue
		}
		frames = frames[i+1:]
		for len(frames) > 0 && strings.HasPrefix(frames[0].Function, "runtime.") {
			frames = frames[1:] // runtime.panicmem, runtime.sigpanic, runtime.goPanicIndex
		}
		break
	}
	return frames
}

func render(frames []runtime.Frame) string {
	var b strings.Builder
	for i, f := range frames {
		text := fmt.Sprintf("%s\n\t%s:%d\n", f.Function, f.File, f.Line)
		if i == maxFrames || b.Len()+len(text) > maxBytes {
			fmt.Fprintf(&b, "... and more\n")
			break
		}
		b.WriteString(text)
	}
	return b.String()
}
