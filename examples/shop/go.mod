module github.com/saferunner/saferunner/examples/shop

go 1.26.0

require github.com/saferunner/saferunner v0.0.0

require github.com/google/go-cmp v0.7.0 // indirect

replace github.com/saferunner/saferunner => ../..
