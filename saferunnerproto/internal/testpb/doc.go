// Package testpb holds messages for the tests of saferunnerproto.
package testpb

//go:generate protoc --go_out=. --go_opt=paths=source_relative test.proto opaque.proto
