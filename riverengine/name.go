package riverengine

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"regexp"
	"strconv"

	"github.com/riverqueue/river"
)

var notInNames = regexp.MustCompile(`[^A-Za-z0-9-]+`)

// workerName names this process in attempts, and towards River.
func workerName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "unknown"
	}
	host = notInNames.ReplaceAllString(host, "-")
	return host[:min(len(host), 40)] + "-" + strconv.Itoa(os.Getpid()) + "-" + rand.Text()[:6]
}

// kindOf is River's name for a task. River's names are shorter by one.
func kindOf(task string) string {
	if len(task) < 128 {
		return task
	}
	return "saferunner:" + hash(task) // no task's name has a colon
}

var queueName = regexp.MustCompile(`^[a-z0-9]+([_-][a-z0-9]+)*$`)

// queueOf is River's name for a queue. River has no capitals, dots and
// slashes in them.
func queueOf(queue string) string {
	switch {
	case queue == "":
		return river.QueueDefault
	case len(queue) <= 64 && queueName.MatchString(queue) && queue != river.QueueDefault:
		return queue
	}
	return "saferunner-" + hash(queue)
}

func hash(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}
