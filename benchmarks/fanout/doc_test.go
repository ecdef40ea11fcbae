// Package fanout compares internal/pool with other ways to run many short functions on a bounded number of
// goroutines. Every peer runs the same items: a result slot and panic recovery in each, submitted in lists of ten by
// one goroutine, 64 workers. One operation of a benchmark is one item.
//
// Wall time scatters on a shared machine: compare the medians of paired ratios over many interleaved passes, and look
// at cpu-ns/op, the processor time of the whole process per item, which is steadier.
package fanout
