package rundir

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/participant"
	"github.com/tezi-exchange/tezi/internal/participant/ledger"
	"github.com/tezi-exchange/tezi/internal/participant/marketdata"
	"github.com/tezi-exchange/tezi/internal/participant/risk"
	"github.com/tezi-exchange/tezi/internal/participant/settlement"
)

// RoleNames are the participants, in the order of their node ids from 1.
var RoleNames = []string{"risk", "settlement", "marketdata"}

// NodeOf returns the node id of a role.
func NodeOf(role string) (batch3pc.NodeID, error) {
	i := slices.Index(RoleNames, role)
	if i < 0 {
		return 0, fmt.Errorf("role %q: want one of %v", role, RoleNames)
	}
	return batch3pc.NodeID(i + 1), nil
}

// Roles are the settings of the participants' business. They are part of the run file, because a
// verification recomputes the participants' states.
type Roles struct {
	MarginBps         int64    `json:"margin_bps"`          // margin in 1/100 of a per cent of the exposure
	ClientExposureMax int64    `json:"client_exposure_max"` // in paise; 0 = no limit
	MemberExposureMax int64    `json:"member_exposure_max"`
	TradeValueMax     int64    `json:"trade_value_max"`
	Holidays          []string `json:"holidays,omitempty"` // yyyy-mm-dd: no settlement on that day
}

// DefaultRoles are the settings without limits.
func DefaultRoles() Roles { return Roles{MarginBps: 2000} }

// NewRole makes the state machine of a role that keeps its files in dir.
func NewRole(name, dir string, r Roles) (participant.Role, error) {
	switch name {
	case "risk":
		return risk.New(risk.Config{
			MarginBps: r.MarginBps, ClientExposureMax: r.ClientExposureMax,
			MemberExposureMax: r.MemberExposureMax, TradeValueMax: r.TradeValueMax,
		})
	case "settlement":
		var holidays []ledger.Date
		for _, day := range r.Holidays {
			d, err := ledger.ParseDate(day)
			if err != nil {
				return nil, fmt.Errorf("holiday %q: want yyyy-mm-dd", day)
			}
			holidays = append(holidays, d)
		}
		return settlement.New(settlement.Config{Holidays: holidays})
	case "marketdata":
		return marketdata.New(marketdata.Config{Dir: dir})
	}
	_, err := NodeOf(name)
	return nil, err
}

// RoleDir is where a role keeps its files inside a run directory.
func RoleDir(dir, role string) string { return filepath.Join(dir, role) }
