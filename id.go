package saferunner

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
	idLength    = 20
	idAlphabet  = "0123456789abcdefghjkmnpqrstvwxyz"
	timeChars   = 9
	randomChars = 5
	countChars  = 6
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

// newIDs returns n IDs in a single string, one after the other.
func newIDs(now time.Time, n int) string {
	first := idCount.Add(uint64(n)) - uint64(n)
	var id [idLength]byte
	base32(id[:timeChars], uint64(now.UnixMilli()))
	copy(id[timeChars:], idProcess[:])
	var ids strings.Builder
	ids.Grow(n * idLength)
	for i := range n {
		base32(id[idLength-countChars:], first+uint64(i))
		ids.Write(id[:])
	}
	return ids.String()
}

// base32 fills dst with the lowest bits of n, the highest digit first.
func base32(dst []byte, n uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = idAlphabet[n&31]
		n >>= 5
	}
}
