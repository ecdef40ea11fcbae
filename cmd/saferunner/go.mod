module github.com/saferunner/saferunner/cmd/saferunner

go 1.26.0

require github.com/saferunner/saferunner v0.0.0

require (
	github.com/goccy/go-yaml v1.19.2 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/spf13/cobra v1.10.2 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
)

replace github.com/saferunner/saferunner => ../..
