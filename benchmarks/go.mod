module github.com/saferunner/saferunner/benchmarks

go 1.26.0

require github.com/saferunner/saferunner v0.0.0

replace github.com/saferunner/saferunner => ../
