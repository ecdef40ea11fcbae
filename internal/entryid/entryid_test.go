package entryid

import (
	"slices"
	"testing"
	"time"
)

// The IDs of a run and its calls sort as they were taken, also where the
// counter begins anew.
func TestOneBlock(t *testing.T) {
	defer taken.Store(taken.Load())
	at := time.UnixMilli(1_790_000_000_000)
	for _, before := range []uint64{0, countLimit - 4, countLimit - 3, countLimit - 1, 7*countLimit - 2} {
		taken.Store(before)
		first := Take(4)
		var ids []string
		for i := range uint32(4) {
			ids = append(ids, Text(at, first+i))
		}
		if !slices.IsSorted(ids) || ids[0] == ids[3] {
			t.Errorf("after %d: %v", before, ids)
		}
		after, last, ok := After(ids[0])
		for _, id := range ids[1:] {
			if !ok || id <= after || id > last {
				t.Errorf("after %d: %s is not between %s and %s", before, id, after, last)
			}
		}
		if n := CountOf(ids[3]); n != int(first)+3 {
			t.Errorf("the count in %s is %d, want %d", ids[3], n, first+3)
		}
	}
}

func TestAfterWhatIsNoID(t *testing.T) {
	for _, run := range []string{"", "run-1", "0vhnczb00bv0xq0egp5", "0vhnczb00bv0xq0egp544", "Z5FS6JEGQA0000000001", "0vhnczb00b\xffv0xq0egp5", "0vhnczb00b%v0xq0egp5"} {
		if after, last, ok := After(run); ok {
			t.Errorf("After(%q) = %q, %q", run, after, last)
		}
	}
}

func TestCountOfWhatIsNoID(t *testing.T) {
	if n := CountOf("short"); n != -1 {
		t.Errorf("CountOf = %d", n)
	}
}
