package main

// figure is a ratio that the project promises.
type figure struct {
	what     string
	against  string // the peer, in words
	subject  string // names of benchmarks, without "Benchmark" and the number of processors
	baseline string
	unit     string
	atMost   float64 // subject / baseline
	atLeast  float64 // where it is set instead: how many times as fast, baseline / subject; without either it is only told
}

var figures = []figure{
	{what: "record one call", against: "gomock in a test",
		subject: "One/saferunner", baseline: "One/gomock-in-a-test", unit: "ns/op", atMost: 0.65},
	{what: "record a list of ten, per call", against: "moq-style fake",
		subject: "Ten/saferunner", baseline: "Ten/moq", unit: "ns/op", atMost: 1.45},
	{what: "record a list of ten, per call, a slice in the arguments", against: "moq-style fake",
		subject: "TenWithSlice/saferunner", baseline: "TenWithSlice/moq", unit: "ns/op", atMost: 2.5},
	{what: "new recorder, a run of ten, Assert", against: "moq-style fake",
		subject: "Cycle/saferunner", baseline: "Cycle/moq", unit: "ns/op", atMost: 1.6},
	{what: "new recorder, a run of ten, Assert", against: "gomock",
		subject: "Cycle/saferunner", baseline: "Cycle/gomock", unit: "ns/op", atMost: 0.12},
	{what: "live list of three sync no-ops", against: "recover and timing by hand",
		subject: "Live/saferunner", baseline: "Live/handwritten", unit: "ns/op", atMost: 3.1},
	{what: "live list of three sync no-ops", against: "by hand with a ring journal",
		subject: "Live/saferunner", baseline: "Live/ring", unit: "ns/op", atMost: 1.2},
	{what: "async no-ops until all are done, lists of one", against: "errgroup with a ring journal",
		subject: "Async/1/saferunner", baseline: "Async/1/errgroup", unit: "ns/op", atMost: 1.8},
	{what: "async no-ops until all are done, lists of ten", against: "errgroup with a ring journal",
		subject: "Async/10/saferunner", baseline: "Async/10/errgroup", unit: "ns/op", atMost: 0.5},
	{what: "async no-ops until all are done, lists of a hundred", against: "errgroup with a ring journal",
		subject: "Async/100/saferunner", baseline: "Async/100/errgroup", unit: "ns/op", atMost: 0.5},
	{what: "async, from Run to the start of the call", against: "pond, from Go",
		subject: "Start/saferunner", baseline: "Start/pond", unit: "ns/op"},
	{what: "pool, no-op lists of ten, per item", against: "channel of closures",
		subject: "Noop/saferunner", baseline: "Noop/channel", unit: "ns/op", atMost: 0.8},
	{what: "pool, no-op lists of ten, per item", against: "pond",
		subject: "Noop/saferunner", baseline: "Noop/pond", unit: "ns/op", atMost: 0.6},
	{what: "pool, 1 µs of work in lists of ten, processor time", against: "static split",
		subject: "Busy/saferunner", baseline: "Busy/static", unit: "cpu-ns/op", atMost: 1.15},
	{what: "SQLite journal, group-committed, entries", against: "prepared inserts in batches of 1,024",
		subject: "Journal/group", baseline: "Journal/raw", unit: "ns/op", atLeast: 0.6},
	{what: "SQLite journal, group-committed, entries", against: "a commit for each entry",
		subject: "Journal/group", baseline: "Journal/each", unit: "ns/op", atLeast: 3},
	{what: "durable on SQLite, queue in batches of 100", against: "River",
		subject: "DurableEnqueue/sqlite/saferunner", baseline: "DurableEnqueue/sqlite/river", unit: "ns/op", atLeast: 0.85},
	{what: "durable on SQLite, work, journaled", against: "River, which has no journal",
		subject: "DurableWork/sqlite/saferunner", baseline: "DurableWork/sqlite/river", unit: "ns/op", atLeast: 1.8},
	{what: "durable on SQLite, a run of 100 from Run to its last call", against: "River, one batch",
		subject: "DurableRunOf100/sqlite/saferunner", baseline: "DurableRunOf100/sqlite/river", unit: "ns/op", atMost: 1.6},
	{what: "durable on SQLite, idle, processor time", against: "River",
		subject: "DurableIdleSecond/sqlite/saferunner", baseline: "DurableIdleSecond/sqlite/river", unit: "cpu-ns/op", atMost: 2},
	{what: "durable on Postgres, queue in batches of 100", against: "River",
		subject: "DurableEnqueue/postgres/saferunner", baseline: "DurableEnqueue/postgres/river", unit: "ns/op", atLeast: 0.85},
	{what: "durable on Postgres, work, journaled", against: "River, which has no journal",
		subject: "DurableWork/postgres/saferunner", baseline: "DurableWork/postgres/river", unit: "ns/op", atLeast: 0.6},
	{what: "durable on Postgres, a run of 100 from Run to its last call", against: "River, one batch",
		subject: "DurableRunOf100/postgres/saferunner", baseline: "DurableRunOf100/postgres/river", unit: "ns/op", atMost: 1.6},
	{what: "durable on Postgres, idle, processor time", against: "River",
		subject: "DurableIdleSecond/postgres/saferunner", baseline: "DurableIdleSecond/postgres/river", unit: "cpu-ns/op", atMost: 2},
}
