module github.com/saferunner/saferunner

go 1.26.0
