package record

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"sync/atomic"
	"time"
)

// An ID is 20 characters of base 32 that sort by time: 9 of milliseconds
// since 1970, 5 that are random for the process, and 6 that count within it.
// Two processes give out the same one only if all three agree; the count
// starts at random as well.
const (
	IDLength    = 20
	idAlphabet  = "0123456789abcdefghjkmnpqrstvwxyz"
	timeChars   = 9
	randomChars = 5
	countChars  = 6
	countLimit  = 1 << (5 * countChars)
)

var (
	idProcess [randomChars]byte
	idCount   atomic.Uint64
)

func init() {
	var seed [8]byte
	_, _ = rand.Read(seed[:]) // never fails
	n := binary.LittleEndian.Uint64(seed[:])
	base32(idProcess[:], n)
	idCount.Store(n >> 40)
}

// takeIDs takes n consecutive IDs, for a run and its calls, and returns the
// count of the first. They do not straddle the end of the counter, so that
// they sort as they were taken. They are text only when somebody asks.
func takeIDs(n int) uint32 {
	for {
		first := (idCount.Add(uint64(n)) - uint64(n)) % countLimit
		if first+uint64(n) <= countLimit {
			return uint32(first)
		}
	}
}

// idText returns the ID of what was run at a time, with its count.
func idText(at time.Time, count uint32) string {
	var id [IDLength]byte
	base32(id[:timeChars], uint64(at.UnixMilli()))
	copy(id[timeChars:], idProcess[:])
	base32(id[IDLength-countChars:], uint64(count))
	return string(id[:])
}

// idCountOf returns the count in an ID, -1 for another text.
func idCountOf(id string) int {
	if len(id) != IDLength {
		return -1
	}
	n := 0
	for i := IDLength - countChars; i < IDLength; i++ {
		n = n<<5 | strings.IndexByte(idAlphabet, id[i])
	}
	return n
}

// base32 fills dst with the lowest bits of n, the highest digit first.
func base32(dst []byte, n uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = idAlphabet[n&31]
		n >>= 5
	}
}
