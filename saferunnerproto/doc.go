// Package saferunnerproto lets tasks of saferunner take protobuf messages as
// arguments and return them as results. It has nothing to call; a program
// imports it for its effect:
//
//	import _ "github.com/saferunner/saferunner/saferunnerproto"
//
// With it, a message that occurs anywhere in the arguments (as the whole, in a
// struct, slice, map or interface, behind a pointer)
//
//   - is copied with proto.Clone, which is safe while other code reads or
//     marshals the same message;
//   - is compared with proto.Equal, so a message that was logged, marshalled or
//     read from the wire equals a new one with the same fields;
//   - is shown, and sent by durable engines, as protojson. A field that the
//     worker's message does not have is an error there, not a loss;
//   - differs by its fields in the failure text of an assertion.
//
// Fields that are declared with debug_redact are shown as "[redacted]".
//
// Without the import, saferunner rejects calls with messages and says so: it
// does not depend on protobuf itself.
//
// Two limits: a pointer into another message of the same arguments leads to a
// copy of its own, and a google.protobuf.Any can only be shown and sent if the
// program knows the type in it.
package saferunnerproto
