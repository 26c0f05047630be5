package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tezi-exchange/tezi/engine"
	"github.com/tezi-exchange/tezi/internal/host"
	"github.com/tezi-exchange/tezi/orderbook"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with testdata/NAME; -update writes it instead.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-update rewrites it); got:\n%s\nwant:\n%s", path, got, want)
	}
}

// sample is a report with every field set.
func sample() *Report {
	r := NewRecorder()
	for i := range int64(100_000) {
		r.Record(OrderToMatch, 200+i%300)
		r.Record(OrderToCommit, 900_000+7*i)
	}
	for i := range int64(100) {
		r.Record(BatchDecision, 1_500_000+i*1000)
		r.Record(CanCommit, 400_000+i)
		r.Record(PreCommit, 1_100_000+i)
	}
	r.Record(OrderToCommit, int64(61*time.Second))
	r.Record(OrderToCommit, -5)
	report := &Report{
		Verified: true, Source: "workload seed 1", Format: "workload",
		Commands: 1_000_500, OrdersAccepted: 997_000, Trades: 197_304, FillsExpected: 197_304, FillsMatched: 197_304,
		BatchesCommitted: 198, BatchesAborted: 1, Rate: 500_000, Durable: true,
		Profile: "shared", Transport: "tcp", CoresUsed: 2,
		Engine: Engine{Chain: 0x00ab},
		Participants: Participants{
			Risk:       Participant{198, 197_304, 0x00ab},
			Settlement: Participant{198, 197_304, 0x00ab},
			Marketdata: Participant{198, 197_304, 0xfedcba9876543210},
		},
		Machine: MachineOf(host.Machine{CPU: "Some CPU", Cores: []int{0, 1}, Kernel: "Linux 6.18.0", Go: "go1.26.8 linux/amd64", Gomaxprocs: 2}),
	}
	var rejects [orderbook.RejectReasonCount]uint64
	rejects[orderbook.Accepted] = 997_000
	rejects[orderbook.RejectUnknownOrder] = 2_000
	rejects[orderbook.RejectQuantity] = 1_500
	report.SetRejects(&rejects)
	var counts engine.Counts
	counts.AuctionTrades, counts.Triggered = 12_345, 77
	counts.Removed[engine.RemovedRemainder], counts.Removed[engine.RemovedSelfTrade] = 61_000, 8
	report.SetMarket(&counts)
	report.Links = map[string]uint64{"reconnects": 2, "bad_checksum": 1}
	report.SetElapsed(2_001 * time.Millisecond)
	report.SetLatencies(r.Snapshot())
	return report
}

func TestTableGolden(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.table", b.Bytes())
	for _, line := range strings.Split(b.String(), "\n") {
		if n := utf8.RuneCountInString(line); n > 100 {
			t.Errorf("line of %d columns, want at most 100: %s", n, line)
		}
	}
	if strings.Contains(b.String(), "\x1b") {
		t.Error("colour in a table that does not go to a terminal")
	}
}

func TestEmptyTableGolden(t *testing.T) {
	var b bytes.Buffer
	r := &Report{Profile: "pinned", Transport: "rings"}
	r.SetElapsed(0)
	r.SetLatencies(NewRecorder().Snapshot())
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "empty.table", b.Bytes())
}

func TestJSONGolden(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", b.Bytes())
}

// I4, with nothing set: every key is there, rejects is an object.
func TestJSONKeys(t *testing.T) {
	var b bytes.Buffer
	if err := new(Report).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	keys := "verified source format commands orders_accepted trades fills_expected fills_matched batches_committed " +
		"batches_aborted elapsed_s commands_per_s trades_per_s rate durable profile transport cores_used rejects market " +
		"links latency_us engine participants machine"
	for key := range strings.FieldsSeq(keys) {
		if all[key] == nil {
			t.Errorf("no key %s", key)
		}
	}
	if n := len(strings.Fields(keys)); len(all) != n {
		t.Errorf("%d keys, want %d", len(all), n)
	}
	if string(all["rejects"]) != "{}" {
		t.Errorf("rejects is %s, want {}", all["rejects"])
	}
}

// A report survives its JSON, apart from the histograms.
func TestJSONRoundTrip(t *testing.T) {
	want := sample()
	var b bytes.Buffer
	if err := want.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want.snapshot = nil
	if !reflect.DeepEqual(&got, want) {
		t.Errorf("got %+v, want %+v", got, *want)
	}
	if err := got.WriteHGRM(t.TempDir()); !errors.Is(err, ErrNoHistograms) {
		t.Errorf("WriteHGRM of a report from JSON: %v, want ErrNoHistograms", err)
	}
}

func TestBadJSON(t *testing.T) {
	for _, text := range []string{
		`{"engine":{"chain":"ab"}}`, `{"engine":{"chain":"00000000000000zz"}}`,
		`{"latency_us":{"pre_commit":{"p50":"x"}}}`, `{"latency_us":{"pre_commit":{"p50":1e300}}}`,
	} {
		if err := json.Unmarshal([]byte(text), new(Report)); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func TestElapsed(t *testing.T) {
	r := Report{Commands: 3_000_000, Trades: 600_000}
	r.SetElapsed(2 * time.Second)
	if r.ElapsedS != 2 || r.CommandsPerS != 1_500_000 || r.TradesPerS != 300_000 {
		t.Errorf("%+v", r)
	}
	r.SetElapsed(0)
	if r.CommandsPerS != 0 || r.TradesPerS != 0 {
		t.Errorf("rates without a duration: %+v", r)
	}
}

func TestHGRM(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "dir")
	if err := sample().WriteHGRM(dir); err != nil {
		t.Fatal(err)
	}
	for stage := range StageCount {
		b, err := os.ReadFile(filepath.Join(dir, stage.String()+".hgrm"))
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		header, _, _ := strings.Cut(text, "\n")
		if strings.Join(strings.Fields(header), " ") != "Value Percentile TotalCount 1/(1-Percentile)" {
			t.Errorf("%s: header %q", stage, header)
		}
		for _, footer := range []string{"#[Mean ", "#[Max ", "#[Buckets "} {
			if !strings.Contains(text, footer) {
				t.Errorf("%s: no %q", stage, footer)
			}
		}
	}
	// Values are in microseconds: the first sample of can_commit was 400 µs.
	b, err := os.ReadFile(filepath.Join(dir, "can_commit.hgrm"))
	if err != nil {
		t.Fatal(err)
	}
	if rows := strings.Split(string(b), "\n"); !strings.HasPrefix(strings.TrimSpace(rows[2]), "400.") {
		t.Errorf("first row %q, want 400 µs", rows[2])
	}
}

func TestHGRMError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := sample().WriteHGRM(file); err == nil {
		t.Error("a file in place of the directory: no error")
	}
}
