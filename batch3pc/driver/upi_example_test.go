package driver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/driver"
)

// Transfer is a UPI payment. A batch carries any number of them, as JSON.
type Transfer struct {
	ID       string // chosen by the payer's app: a retry has the same one
	From, To string // account@bank
	Paise    int64
}

func transfersOf(b *batch3pc.Batch) (all []Transfer) {
	if err := json.Unmarshal(b.Payload, &all); err != nil {
		panic(err) // the switch that made the batch has a fault
	}
	return all
}

// Bank is the App of a bank. It reserves money at the vote and moves it at the commit.
type Bank struct {
	Name     string
	Accounts map[string]int64 // paise, by account@bank: what customers see
	ahead    map[string]int64 // what in-doubt batches will do to them, all together
}

// Vote refuses what an account cannot pay and what goes to an account that the bank does not have. It
// judges by the balance after all batches before this one, committed or still in doubt: a vote must not
// depend on how far this node happens to have come, because it may be cast again after a restart.
func (k *Bank) Vote(b *batch3pc.Batch, decided bool) batch3pc.Vote {
	veto, refused := make([]byte, (b.Count+3)/4), false
	change := map[string]int64{}
	for i, t := range transfersOf(b) {
		if k.has(t.From) && k.Accounts[t.From]+k.ahead[t.From]+change[t.From] < t.Paise || k.serves(t.To) && !k.has(t.To) {
			batch3pc.SetVeto(veto, i, batch3pc.VetoTaker)
			refused = true
			continue
		}
		change[t.From] -= t.Paise
		change[t.To] += t.Paise
	}
	if refused && !decided {
		return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: veto}
	}
	k.move(k.ahead, b, +1)
	return batch3pc.Vote{Yes: true}
}

// Apply moves the money.
func (k *Bank) Apply(b *batch3pc.Batch) {
	k.move(k.ahead, b, -1)
	k.move(k.Accounts, b, +1)
}

// Drop undoes the reservation.
func (k *Bank) Drop(b *batch3pc.Batch) { k.move(k.ahead, b, -1) }

// move adds what the batch does to the bank's accounts, or takes it away.
func (k *Bank) move(balance map[string]int64, b *batch3pc.Batch, sign int64) {
	for _, t := range transfersOf(b) {
		if k.has(t.From) {
			balance[t.From] -= sign * t.Paise
		}
		if k.has(t.To) {
			balance[t.To] += sign * t.Paise
		}
	}
}

func (k *Bank) serves(account string) bool { return strings.HasSuffix(account, "@"+k.Name) }

func (k *Bank) has(account string) bool { _, ok := k.Accounts[account]; return ok }

// Switch is the App of the payment switch: a payment is made once, however often it is sent.
type Switch struct{ Seen map[string]int } // payments voted for, and how many of them are made

// Vote refuses a payment that was voted for already.
func (s *Switch) Vote(b *batch3pc.Batch, decided bool) batch3pc.Vote {
	veto, refused := make([]byte, (b.Count+3)/4), false
	here := map[string]bool{}
	for i, t := range transfersOf(b) {
		if s.Seen[t.ID] > 0 || here[t.ID] {
			batch3pc.SetVeto(veto, i, batch3pc.VetoTaker)
			refused = true
		}
		here[t.ID] = true
	}
	if refused && !decided {
		return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: veto}
	}
	s.note(b, +1)
	return batch3pc.Vote{Yes: true}
}

// Apply has nothing to do: what was seen stays seen.
func (s *Switch) Apply(*batch3pc.Batch) {}

// Drop forgets the payments: they may be sent again.
func (s *Switch) Drop(b *batch3pc.Batch) { s.note(b, -1) }

func (s *Switch) note(b *batch3pc.Batch, n int) {
	for _, t := range transfersOf(b) {
		if s.Seen[t.ID] += n; s.Seen[t.ID] == 0 {
			delete(s.Seen, t.ID)
		}
	}
}

// Settlement is the App that knows what the banks owe each other at the end of the day. It refuses
// nothing.
type Settlement struct{ Net map[string]int64 } // paise, by bank: positive is owed to it

// Vote says yes.
func (s *Settlement) Vote(*batch3pc.Batch, bool) batch3pc.Vote { return batch3pc.Vote{Yes: true} }

// Apply books what one bank now owes the other.
func (s *Settlement) Apply(b *batch3pc.Batch) {
	for _, t := range transfersOf(b) {
		_, payer, _ := strings.Cut(t.From, "@")
		_, payee, _ := strings.Cut(t.To, "@")
		s.Net[payer] -= t.Paise
		s.Net[payee] += t.Paise
	}
}

// Drop has nothing to undo.
func (s *Settlement) Drop(*batch3pc.Batch) {}

// Two banks, the switch and settlement commit UPI payments: each payment is booked by all four, or by
// none of them.
func Example() {
	dir, err := os.MkdirTemp("", "upi")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	north := &Bank{Name: "north", Accounts: map[string]int64{"asha@north": 100_000}, ahead: map[string]int64{}}
	south := &Bank{Name: "south", Accounts: map[string]int64{"ravi@south": 5_000}, ahead: map[string]int64{}}
	npci := &Switch{Seen: map[string]int{}}
	settlement := &Settlement{Net: map[string]int64{}}

	// Everybody agrees on who is in the group. Over a network, each participant calls
	// ListenParticipant, and the coordinator DialCoordinator with their addresses.
	group := driver.Group{Cluster: 1, Participants: []batch3pc.NodeID{1, 2, 3, 4}, Coordinators: []batch3pc.NodeID{10}}
	var participants []driver.ParticipantOptions
	for i, app := range []batch3pc.App{north, south, npci, settlement} {
		participants = append(participants, driver.ParticipantOptions{
			Group: group, Self: group.Participants[i], Dir: filepath.Join(dir, fmt.Sprint(i+1)), App: app,
		})
	}
	coordinator, nodes, err := driver.StartLocal(driver.CoordinatorOptions{Group: group, Self: 10, Dir: filepath.Join(dir, "10")}, participants)
	if err != nil {
		fmt.Println(err)
		return
	}
	pay := func(transfers ...Transfer) {
		payload, err := json.Marshal(transfers)
		if err != nil {
			fmt.Println(err)
			return
		}
		err = coordinator.Commit(context.Background(), uint32(len(transfers)), payload)
		var refused *driver.RefusedError
		switch {
		case err == nil:
			fmt.Println("paid", len(transfers))
		case errors.As(err, &refused):
			fmt.Printf("refused by node %d:", refused.From)
			for i, t := range transfers {
				if batch3pc.VetoBits(refused.Veto, i) != 0 {
					fmt.Print(" ", t.ID)
				}
			}
			fmt.Println()
		default:
			fmt.Println(err)
		}
	}
	rent := Transfer{"rent", "asha@north", "ravi@south", 70_000}
	tea := Transfer{"tea", "ravi@south", "asha@north", 1_500}
	car := Transfer{"car", "asha@north", "ravi@south", 9_000_000}
	pay(rent, tea)
	pay(car, Transfer{"bus", "asha@north", "ravi@south", 2_000}) // all or nothing: the bus is not paid either
	pay(tea)                                                     // sent twice
	pay(Transfer{"gift", "ravi@south", "nobody@north", 100})

	if err := coordinator.Close(); err != nil {
		fmt.Println(err)
	}
	for _, n := range nodes {
		if err := n.Close(); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(north.Accounts, south.Accounts, settlement.Net, slices.Sorted(maps.Keys(npci.Seen)))
	// Output:
	// paid 2
	// refused by node 1: car
	// refused by node 3: tea
	// refused by node 1: gift
	// map[asha@north:31500] map[ravi@south:73500] map[north:-68500 south:68500] [rent tea]
}
