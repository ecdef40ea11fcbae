package journaltest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/saferunner/saferunner/journal"
)

const task, key = "card.charge", "order/17"

// keyed returns an entry that asks for the key.
func keyed(status journal.Status) journal.Entry {
	e := entry(status)
	e.Task, e.Key = task, key
	return e
}

// givingBack are the statuses that end a claim.
func givingBack() []journal.Status {
	return slices.DeleteFunc(journal.FinalStatuses(), journal.Status.KeepsKey)
}

func testClaim(t *testing.T, j subject) {
	first, second := keyed(journal.StatusRunning), keyed(journal.StatusDuplicate)
	j.wantHolder(task, key, first.ID, first.ID) // before it is written
	j.wantHolder(task, key, first.ID, first.ID) // again
	j.wantHolder(task, key, second.ID, first.ID)
	j.put(first, second)
	j.wantHolder(task, key, first.ID, first.ID)
	j.wantHolder(task, key, second.ID, first.ID)

	j.wantHolder(task, "order/18", second.ID, second.ID) // another key
	j.wantHolder("card.refund", key, "third", "third")   // another task
	j.wantHolder(task+key, "", "fourth", "fourth")       // not the two run together
	j.wantHolder(task, key, "fourth", first.ID)
}

// testClaimEnds ends claims in every way there is.
func testClaimEnds(t *testing.T, j subject) {
	for _, status := range givingBack() {
		t.Run(string(status), func(t *testing.T) {
			j := j.within(t)
			key := "key of " + string(status)
			first, second := keyed(journal.StatusRunning), keyed(journal.StatusRunning)
			first.Key, second.Key = key, key
			j.wantHolder(task, key, first.ID, first.ID)
			j.put(first)
			first.Status = status
			j.put(first)
			j.wantHolder(task, key, second.ID, second.ID)
			j.put(first, second) // first no longer has a claim that it could end
			j.wantHolder(task, key, first.ID, second.ID)

			second.Status = status
			j.put(second)
			j.wantHolder(task, key, second.ID, second.ID) // tried again
			j.wantHolder(task, key, first.ID, second.ID)
		})
	}
	t.Run("forgotten", func(t *testing.T) {
		j := j.within(t)
		e := keyed(journal.StatusDone)
		j.wantHolder(task, key, e.ID, e.ID)
		j.put(e)
		j.write(journal.Forget(e.ID))
		j.wantHolder(task, key, "next", "next")
		j.write(journal.Forget("next")) // it was never written
		j.wantHolder(task, key, "last", "last")
	})
	t.Run("and begins again in one Write", func(t *testing.T) {
		j := j.within(t)
		e := keyed(journal.StatusFailed)
		e.Key = "again"
		j.wantHolder(task, e.Key, e.ID, e.ID)
		requeued := e
		requeued.Status = journal.StatusQueued
		j.put(e, requeued)
		j.wantHolder(task, e.Key, "another", "another") // to queue it again is not to claim again
	})
}

// testClaimStays looks for what must not end a claim, nor make one.
func testClaimStays(t *testing.T, j subject) {
	e := keyed(journal.StatusQueued)
	j.wantHolder(task, key, e.ID, e.ID)
	for _, status := range allStatuses {
		if slices.Contains(givingBack(), status) {
			continue
		}
		e.Status = status
		j.put(e)
		j.wantHolder(task, key, "another", e.ID)
	}
	for _, status := range allStatuses { // of other entries that have the key and no claim
		other := keyed(status)
		j.put(other)
		j.wantHolder(task, key, other.ID, e.ID)
		j.write(journal.Forget(other.ID))
		j.wantHolder(task, key, other.ID, e.ID)
	}
	for _, status := range []journal.Status{journal.StatusDuplicate, journal.StatusRecorded, journal.StatusStubbed} {
		other := keyed(status)
		other.Key = "key of " + string(status)
		j.put(other)
		j.wantHolder(task, other.Key, "first to claim", "first to claim")
	}
}

// testClaimRaces has many claim the same keys at once.
func testClaimRaces(t *testing.T, j subject) {
	const claimants, keys = 8, 12
	holders := make([][keys]string, claimants)
	var group sync.WaitGroup
	for c := range claimants {
		group.Go(func() {
			for k := range keys {
				holder, err := j.Claim(context.WithoutCancel(t.Context()), task, fmt.Sprint(k), fmt.Sprint("claimant-", c))
				if err != nil {
					t.Errorf("Claim: %v", err)
				}
				holders[c][k] = holder
			}
		})
	}
	group.Wait()
	for k := range keys {
		holder := holders[0][k]
		won := 0
		for c := range claimants {
			if holders[c][k] != holder {
				t.Errorf("key %d: claimant 0 was told that %s holds it, claimant %d that %s does", k, holder, c, holders[c][k])
			}
			if holders[c][k] == fmt.Sprint("claimant-", c) {
				won++
			}
		}
		if won != 1 {
			t.Errorf("key %d: %d claimants were told that they hold it, want 1", k, won)
		}
	}
}
