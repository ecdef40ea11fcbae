// Package journal compares the SQL journal with what one could write by hand:
// the same rows into the same table, with one prepared statement, on the same
// driver and settings (modernc.org/sqlite, write-ahead log, synchronous=NORMAL).
// One operation of a benchmark is one entry; the database is new in each.
//
//	group  Write of one entry at a time, and one Flush at the end
//	raw    prepared INSERTs, 1,024 in a transaction
//	each   prepared INSERTs, each of them committed
//
// A fixed count (-benchtime=20000x) keeps tables equally large. Compare medians
// of many interleaved passes.
package journal
