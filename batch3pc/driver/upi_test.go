package driver_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/batch3pc/batch3pctest"
)

// TestUPIConforms: the participants of the example are what the commit protocol asks of an App.
func TestUPIConforms(t *testing.T) {
	for name, s := range map[string]batch3pctest.Subject{
		"bank": {
			New: func(testing.TB) batch3pc.App {
				return &Bank{Name: "north", Accounts: map[string]int64{"a@north": 500, "b@north": 200}, ahead: map[string]int64{}}
			},
			State: func(a batch3pc.App) []byte { return fmt.Append(nil, a.(*Bank).Accounts) },
		},
		// What the switch has seen is not for others to see before it is made: of that it shows nothing.
		"switch": {
			New:   func(testing.TB) batch3pc.App { return &Switch{Seen: map[string]int{}} },
			State: func(batch3pc.App) []byte { return nil },
		},
		"settlement": {
			New:   func(testing.TB) batch3pc.App { return &Settlement{Net: map[string]int64{}} },
			State: func(a batch3pc.App) []byte { return fmt.Append(nil, a.(*Settlement).Net) },
		},
	} {
		s.Payload = drawTransfers
		t.Run(name, func(t *testing.T) { batch3pctest.RunApp(t, s) })
	}
}

// drawTransfers draws a few payments between three accounts, some of which repeat earlier ones or cannot
// be paid.
func drawTransfers(r *rand.Rand, _ []*batch3pc.Batch) (count uint32, payload []byte) {
	accounts := []string{"a@north", "b@north", "c@south"}
	var all []Transfer
	for range 1 + r.IntN(3) {
		all = append(all, Transfer{
			ID: fmt.Sprint(r.IntN(60)), From: accounts[r.IntN(3)], To: accounts[r.IntN(3)], Paise: 1 + r.Int64N(150),
		})
	}
	payload, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return uint32(len(all)), payload
}
