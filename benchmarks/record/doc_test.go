// Package record compares a test's recorder with the test doubles that people write or generate for the same purpose.
// One operation of One, Ten and TenWithSlice is one call recorded, with 80 bytes of arguments; of Cycle, a new double,
// ten calls, and the assertion that exactly these were made.
//
// The doubles are written as their generators write them. A double is replaced after a thousand calls, as long as a
// test of some size would use it, so that the memory of recorded calls counts for those who keep them.
package record
