package transport

import (
	"encoding/binary"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
)

// udpToken is the token of the sessions that a dialer made by hand offers.
const udpToken = 7

// offerUDP is joinListener of a dialer that offers UDP, up to its offer.
func (r raw) offerUDP(o udpOffer) {
	r.t.Helper()
	r.send(helloFrame(header, engine))
	r.expect(codec.FrameHello)
	h := header
	h.Kind, h.From = codec.FrameUDP, engine.Node
	frame := o.append(codec.BeginFrame(nil, h))
	codec.SealFrame(frame)
	r.send(frame)
}

// upByHand is a session over UDP with a listener; say sends a datagram to it.
func upByHand(t *testing.T, log *slog.Logger) (b end, r raw, say func(datagram []byte)) {
	t.Helper()
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, log)
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	r = rawDial(t, n.Addr())
	r.offerUDP(udpOffer{token: udpToken, size: datagramWire, port: portOf(socket)})
	answer, err := decodeUDPOffer(r.expect(codec.FrameUDP))
	if err != nil {
		t.Fatal(err)
	}
	b.take(EventUp)
	return b, r, func(datagram []byte) {
		t.Helper()
		if _, err := socket.WriteTo(datagram, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(answer.port)}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUDPOfferThatIsNone: what an answer may say, that there is no UDP, or what no socket can have, is no offer. The
// size beside a token of 0 is one that nothing can be cut into.
func TestUDPOfferThatIsNone(t *testing.T) {
	b, n := listenRisk(t, "127.0.0.1:0", ringCap, nil)
	for name, o := range map[string]udpOffer{
		"no token": {}, "no token, large": {size: 1 << 31, port: 9}, "no room": {token: udpToken, size: dataHead, port: 9},
		"too large": {token: udpToken, size: datagramMax + 1, port: 9}, "no port": {token: udpToken, size: datagramWire},
	} {
		r := rawDial(t, n.Addr())
		r.offerUDP(o)
		r.gone()
		if event, _ := b.Next(); event != EventNone {
			t.Fatalf("%s: event %v", name, event)
		}
	}
	rawDial(t, n.Addr()).joinListener()
	b.take(EventUp)
}

// oneData is the datagram of a frame that fits into one.
func oneData(number uint64, frame []byte) []byte {
	b := append(make([]byte, dataHead), frame...)
	putHead(b, datagramData, udpToken, 0, packetsMin)
	binary.LittleEndian.PutUint64(b[32:], number)
	binary.LittleEndian.PutUint32(b[40:], uint32(len(frame)))
	sealDatagram(b)
	return b
}

// TestUDPBadFrames is TestBadFrames for what a datagram without damage can carry.
func TestUDPBadFrames(t *testing.T) {
	for _, d := range damages {
		frame := d.spoil(newFrame(6, 900))
		if d.reason != BadKind && d.reason != BadCluster {
			continue
		}
		b, r, say := upByHand(t, nil)
		say(oneData(0, newFrame(5, 900)))
		say(oneData(1, frame))
		b.receive(5, 900)
		b.take(EventDown)
		r.gone()
		if got := b.Stats(); got.Bad[d.reason] != 1 || got.BadFrames != 1 {
			t.Errorf("%s: counted %v", d.name, got.Bad)
		}
	}
}

// TestUDPBreaksRules: a peer whose datagrams are sound, and do not make up frames, loses its session; a number beyond what it
// has credit for, or one that has been, is passed over.
func TestUDPBreaksRules(t *testing.T) {
	frame := newFrame(1, 900)
	for name, change := range map[string]func(d []byte){
		"length above the ring": func(d []byte) { binary.LittleEndian.PutUint32(d[40:], 1<<31) },
		"length below a frame":  func(d []byte) { binary.LittleEndian.PutUint32(d[40:], codec.FrameHeaderSize-1) },
		"length below its part": func(d []byte) { binary.LittleEndian.PutUint32(d[40:], 899) },
		"begins in the middle":  func(d []byte) { binary.LittleEndian.PutUint32(d[44:], 1) },
		"begins far away":       func(d []byte) { binary.LittleEndian.PutUint32(d[44:], 1<<32-1) },
		"another inner length":  func(d []byte) { d[dataHead]-- },
	} {
		b, r, say := upByHand(t, nil)
		for _, number := range []uint64{1 << 63, 1<<64 - 1, packetsMax} {
			say(oneData(number, frame))
		}
		say(oneData(0, newFrame(5, 900)))
		say(oneData(0, frame))
		b.receive(5, 900)
		d := oneData(1, frame)
		change(d)
		sealDatagram(d)
		say(d)
		b.take(EventDown)
		r.gone()
		if s := b.Stats(); s.FramesIn != 1 || s.Duplicates != 4 {
			t.Errorf("%s: %+v, want one frame, and four datagrams passed over", name, s)
		}
	}
}

// TestUDPAcknowledgesWhatWasNeverSent: a peer that does loses its session at once. All that it says later would be
// older than that, and nothing would ever move again.
func TestUDPAcknowledgesWhatWasNeverSent(t *testing.T) {
	for _, next := range []uint64{1, 2, 1<<64 - 1} {
		log := new(journal)
		b, r, say := upByHand(t, log.logger())
		d := make([]byte, datagramHead)
		putHead(d, datagramAck, udpToken, next, 1<<64-1)
		sealDatagram(d)
		say(d)
		b.take(EventDown)
		r.gone()
		if lines := log.with("of 0 that were sent"); len(lines) != 1 || !strings.Contains(lines[0], "link down") {
			t.Errorf("next %d: log %q, want the reason in one line", next, log.with(""))
		}
	}
}
