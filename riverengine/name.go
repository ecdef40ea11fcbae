package riverengine

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
	"regexp"
	"strconv"
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

// withoutZero takes the zero bytes out, which Postgres cannot keep.
func withoutZero(raw json.RawMessage) json.RawMessage {
	if !bytes.Contains(raw, zeroByte) {
		return raw
	}
	return bytes.ReplaceAll(raw, zeroByte, []byte(`\ufffd`))
}
