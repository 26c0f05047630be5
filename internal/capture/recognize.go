package capture

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	tzc "github.com/tezi-exchange/tezi/codec/capture"
	"github.com/tezi-exchange/tezi/codec/commandcsv"
	"github.com/tezi-exchange/tezi/codec/nse"
)

// headSize is how much of the decompressed text tells the format: some lines of any of them.
const headSize = 4096

const anyCapture = "an NSE order file, a command CSV or a tezi capture"

// recognize tells the format from the beginning of the text. whole says that head is all there is.
func recognize(file string, head []byte, whole bool) (Format, error) {
	foreign := func(got string) error { return &NotCaptureError{File: file, Want: anyCapture, Got: got} }
	if bytes.HasPrefix(head, []byte(tzc.Magic)) {
		return Format{Kind: KindTZC}, nil
	}
	if commandcsv.Recognize(head) {
		return Format{Kind: KindCSV}, nil
	}
	layout, ok := nse.Recognize(head)
	line, _, ended := bytes.Cut(head, []byte{'\n'})
	switch {
	case !ok && len(head) == 0:
		return Format{}, foreign("an empty file")
	case !ended && whole && len(commandcsv.Missing(head)) == 0:
		return Format{}, &DamageError{File: file, Line: 1, Want: "the header of a command CSV with its line end", Got: strconv.Itoa(len(head)) + " bytes and the end"}
	case !ok:
		return Format{}, foreign(describe(head))
	case layout == 0 && !ended && whole:
		return Format{}, &DamageError{File: file, Line: 1, Want: "a line of an NSE file with its LF", Got: strconv.Itoa(len(head)) + " bytes and the end"}
	case layout == 0 && !ended:
		return Format{}, foreign("the beginning of an NSE file without a line end in " + strconv.Itoa(len(head)) + " bytes")
	case layout == 0 && bytes.HasSuffix(line, []byte{'\r'}):
		return Format{}, foreign("an NSE file whose lines end in CR LF: convert them to LF first")
	case layout == 0:
		return Format{}, foreign("the beginning of an NSE file with a line of " + strconv.Itoa(len(line)) + " bytes, which no layout has")
	case layout.Trades():
		return Format{}, &NotCaptureError{File: file, Want: "an NSE order file", Got: "an NSE trade file (" + layout.String() + "): replay the order file of the same day"}
	}
	return Format{Kind: KindNSE, Layout: layout}, nil
}

// foreignFiles are what people have lying around beside captures: others' files, and what a run leaves.
var foreignFiles = []struct{ magic, name string }{
	{"\x7fELF", "an ELF program"},
	{"MZ", "a Windows program"},
	{"#!", "a script"},
	{"PK\x03\x04", "a ZIP archive"},
	{"\x28\xb5\x2f\xfd", "a zstd file: decompress it first"},
	{"\xfd7zXZ", "an xz file: decompress it first"},
	{"BZh", "a bzip2 file: decompress it first"},
	{"\xa1\xb2\xc3\xd4", "a pcap file"},
	{"\xd4\xc3\xb2\xa1", "a pcap file"},
	{"\xa1\xb2\x3c\x4d", "a pcap file"},
	{"\x4d\x3c\xb2\xa1", "a pcap file"},
	{"\x0a\x0d\x0d\x0a", "a pcapng file"},
	{"DBN", "a Databento DBN file"},
	{"%PDF", "a PDF file"},
	{"cmd_seq,fill_no,", "a CSV of expected fills: replay the commands that belong to it"},
	{"\xef\xbb\xbf", "text behind a byte order mark: remove the mark"},
	{"\xff\xfe", "text in UTF-16: convert it to ASCII first"},
	{"tezisnap", `a snapshot of a log, which "tezi inspect" shows`},
	{"member,client,exposure,", "positions that risk has saved, " + ofRun},
	{"member,exposure,", "margins that risk has saved, " + ofRun},
	{"trade_date,settlement_date,", "obligations that settlement has saved, " + ofRun},
	{"SYMBOL,SERIES,DATE1,", "a bhavcopy that market data has saved, " + ofRun},
	{"TradDt,FinInstrmTp,", "a bhavcopy that market data has saved, " + ofRun},
	{" Value\tPercentile\t", "a latency distribution, for HdrHistogram's plotters"},
}

const ofRun = `which "tezi verify" of the run directory checks`

// jsonFiles are the files of JSON that a run or a benchmark leaves, each with what only it has.
var jsonFiles = []struct{ key, name string }{
	{`"applied_seq":`, `a participant's state.json, which "tezi inspect" shows under that name`},
	{`"orders_accepted":`, `the report of a run: "tezi inspect" of the run directory shows its logs`},
	{`"orders_max":`, `the run file of a run directory, which "tezi inspect" shows`},
	{`"command": "tezi bench `, "the results of a benchmark"},
}

// segmentMark is what a segment of a log has behind the header of its first record.
const segmentMark, segmentMarkAt = "tezijrnl", 32

// missingMax is how many required columns a CSV may lack and be told which.
const missingMax = 3

// describe says in a few words what a file that is no capture begins with.
func describe(head []byte) string {
	for _, f := range foreignFiles {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return f.name
		}
	}
	switch {
	case len(head) > segmentMarkAt && bytes.HasPrefix(head[segmentMarkAt:], []byte(segmentMark)):
		return `a segment of a log, which "tezi inspect" shows under its name of 20 digits`
	case len(bytes.Trim(head, "\x00")) == 0:
		return "zeros, as a log's spare has them"
	case head[0] == '{':
		for _, f := range jsonFiles {
			if bytes.Contains(head, []byte(f.key)) {
				return f.name
			}
		}
		return "JSON"
	}
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	text := len(head) > 0
	for _, c := range line {
		text = text && (c >= ' ' || c == '\t' || c == '\r')
	}
	if !text || !utf8.Valid(line[:min(len(line), 64)]) {
		return "binary data"
	}
	const most = 40
	kind := "text"
	if bytes.IndexByte(line, ',') >= 0 {
		kind = "a CSV with other columns"
		if missing := commandcsv.Missing(line); len(missing) <= missingMax { // somebody meant one
			kind = "a CSV without " + strings.Join(missing, ", ")
		}
	}
	if len(line) > most {
		return kind + " that begins " + strconv.Quote(string(line[:most])) + "..."
	}
	return kind + " that begins " + strconv.Quote(string(line))
}
