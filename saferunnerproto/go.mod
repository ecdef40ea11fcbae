module github.com/saferunner/saferunner/saferunnerproto

go 1.26.0

require (
	github.com/saferunner/saferunner v0.0.0
	google.golang.org/protobuf v1.36.12
)

replace github.com/saferunner/saferunner => ../
