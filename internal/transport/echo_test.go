package transport

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// These make this program answer frames over a link until it is killed: one that listens at an address, or one that dials it.
const (
	echoCommand  = "shared-echo"
	echoDialling = "shared-echo-dial"
)

func echoMain() {
	bell := ringbuf.NewBell(ringbuf.WaitPark)
	var link *Link
	if os.Args[1] == echoDialling {
		link = Dial(DialOptions{
			Addr: os.Args[2], Hello: engine, Header: header, Want: risk, OutCap: ringCap, InCap: ringCap, Bell: bell, Carrier: Shared,
		})
	} else {
		link = echoListener(bell).Link()
	}
	for {
		event, frame := link.Next()
		switch event {
		case EventNone:
			bell.Wait(func() bool { event, _ := link.Next(); return event != EventNone })
			continue
		case EventFrame:
			if b := link.Claim(len(frame)); b != nil {
				copy(b, frame)
				link.Publish(len(frame))
			}
		}
		link.Release()
	}
}

func echoListener(bell *ringbuf.Bell) *Listener {
	var n *Listener
	var err error
	for end := time.Now().Add(patience); ; runtime.Gosched() { // somebody else may have the port of the one that was killed for a moment
		n, err = Listen(os.Args[2], ListenOptions{Hello: risk, Header: header, Want: engine, OutCap: ringCap, InCap: ringCap, Bell: bell})
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		panic(err)
	}
	fmt.Println(n.Addr())
	return n
}
