// Package entryid makes the IDs of runs and of their calls, and says what follows
// from how they are made.
//
// An ID is 20 characters of base 32 that sort by time: 9 of milliseconds
// since 1970, 5 that are random for the process, and 6 that count within it.
// Two processes give out the same one only if all three agree; the count
// starts at random as well. A run and its calls have consecutive ones.
package entryid

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// Length is how many characters an ID has.
	Length = 20

	alphabet    = "0123456789abcdefghjkmnpqrstvwxyz"
	timeChars   = 9
	randomChars = 5
	countChars  = 6
	countLimit  = 1 << (5 * countChars)
)

var (
	process [randomChars]byte
	taken   atomic.Uint64
)

func init() {
	var seed [8]byte
	_, _ = rand.Read(seed[:]) // never fails
	n := binary.LittleEndian.Uint64(seed[:])
	base32(process[:], n)
	taken.Store(n >> 40)
}

// Take takes n consecutive IDs, for a run and its calls, and returns the
// count of the first. They do not straddle the end of the counter, so that
// they sort as they were taken. They are text only when somebody asks.
func Take(n int) uint32 {
	for {
		first := (taken.Add(uint64(n)) - uint64(n)) % countLimit
		if first+uint64(n) <= countLimit {
			return uint32(first)
		}
	}
}

// Text returns the ID of what was run at a time, with its count.
func Text(at time.Time, count uint32) string {
	var id [Length]byte
	base32(id[:timeChars], uint64(at.UnixMilli()))
	copy(id[timeChars:], process[:])
	base32(id[Length-countChars:], uint64(count))
	return string(id[:])
}

// CountOf returns the count in an ID, -1 for another text.
func CountOf(id string) int {
	if len(id) != Length {
		return -1
	}
	n := 0
	for i := Length - countChars; i < Length; i++ {
		n = n<<5 | strings.IndexByte(alphabet, id[i])
	}
	return n
}

// base32 fills dst with the lowest bits of n, the highest digit first.
func base32(dst []byte, n uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = alphabet[n&31]
		n >>= 5
	}
}

// After returns the ID beyond which those of a run's calls are, which is that of
// the run, and an upper bound of them: one process and one millisecond.
// ok is false for a text that is no ID, which says nothing of its calls.
func After(run string) (after, last string, ok bool) {
	if len(run) != Length || strings.Trim(run, alphabet) != "" {
		return "", "", false
	}
	return run, run[:Length-countChars] + strings.Repeat(alphabet[len(alphabet)-1:], countChars), true
}
