// Package callsite tells where an exported function was called: cheap to
// take, symbolised only when somebody reads it.
package callsite

import (
	"runtime"
	"strconv"
	"strings"
)

// Caller returns where the function that calls Caller was called; skip adds
// frames.
func Caller(skip int) uintptr {
	var pcs [1]uintptr
	runtime.Callers(3+skip, pcs[:])
	return pcs[0]
}

// String returns the file:line of what Caller returned, empty for 0.
func String(pc uintptr) string {
	file, line := Position(pc)
	if file == "" {
		return ""
	}
	return file + ":" + strconv.Itoa(line)
}

// Position returns the file and line of what Caller returned.
func Position(pc uintptr) (file string, line int) {
	if pc == 0 {
		return "", 0
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return frame.File, frame.Line
}

// Package returns the import path of the package that the call was in.
func Package(pc uintptr) string {
	if pc == 0 {
		return ""
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	slash := strings.LastIndexByte(frame.Function, '/') + 1
	name, _, _ := strings.Cut(frame.Function[slash:], ".")
	return frame.Function[:slash] + name
}
