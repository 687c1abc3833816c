// Kcppeer is an independent peer for natt's tests: it speaks through xtaci's kcp-go with the
// options of the original natts and nattc (no cipher, FEC 10+3, nothing else set).
//
//	kcppeer server -listen :P -target HOST:PORT    one TCP connection per session
//	kcppeer client -peer HOST:PORT -listen H:P     one session per TCP connection
//	kcppeer client -peer HOST:PORT -stdio          one session on stdin and stdout
//	kcppeer echo   -listen :P                      returns what arrives
//	kcppeer send   -peer HOST:PORT -bytes N        sends, and expects it back
//	kcppeer stun   -listen H:P                     answers Binding requests (RFC 8489)
//
// -loss PERCENT drops that share of the datagrams in each direction, chosen by -seed. On
// SIGTERM, SIGINT and a normal end the counters of kcp-go go to stderr as one line of JSON;
// "ready ADDRESS" goes to stderr when a listening mode can be reached.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	kcp "github.com/xtaci/kcp-go"
)

const (
	dataShards   = 10
	parityShards = 3

	// What an SSH client says first; natts connects nobody who begins otherwise.
	greeting = "SSH-2.0-kcppeer\r\n"
)

var (
	flags   = flag.NewFlagSet("kcppeer", flag.ExitOnError)
	listen  = flags.String("listen", "", "address to listen on")
	target  = flags.String("target", "", "TCP address that a session is passed on to")
	peer    = flags.String("peer", "", "UDP address of the other side")
	stdio   = flags.Bool("stdio", false, "carry stdin and stdout instead of TCP connections")
	total   = flags.Int64("bytes", 1<<20, "how much to send")
	chunk   = flags.Int("chunk", 1024, "how much to send in one write")
	ahead   = flags.Int("ahead", 256<<10, "how much may be sent and not yet be back")
	loss    = flags.Float64("loss", 0, "percentage of datagrams to drop in each direction")
	seed    = flags.Int64("seed", 1, "of the content and of the loss")
	timeout = flags.Duration("timeout", time.Minute, "limit of the whole send")
)

func main() {
	if len(os.Args) < 2 {
		fail("usage: kcppeer server|client|echo|send|stun FLAGS")
	}
	flags.Parse(os.Args[2:])
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		exit(0)
	}()
	switch os.Args[1] {
	case "server":
		serve(func(session io.ReadWriteCloser) {
			tcp, err := net.DialTimeout("tcp", *target, 10*time.Second)
			if err != nil {
				note("target: %v", err)
				session.Close()
				return
			}
			join(session, tcp)
		})
	case "echo":
		serve(func(session io.ReadWriteCloser) { io.Copy(session, session) })
	case "client":
		client()
	case "send":
		send()
	case "stun":
		stun()
	default:
		fail("unknown mode " + os.Args[1])
	}
	exit(0)
}

func serve(handle func(io.ReadWriteCloser)) {
	var listener *kcp.Listener
	if *loss == 0 {
		l, err := kcp.ListenWithOptions(*listen, nil, dataShards, parityShards)
		check(err)
		listener = l
	} else {
		l, err := kcp.ServeConn(nil, dataShards, parityShards, lossySocket(*listen))
		check(err)
		listener = l
	}
	note("ready %v", listener.Addr())
	for {
		session, err := listener.AcceptKCP()
		check(err)
		note("session %v", session.RemoteAddr())
		go handle(session)
	}
}

func dial() *kcp.UDPSession {
	var session *kcp.UDPSession
	var err error
	if *loss == 0 {
		session, err = kcp.DialWithOptions(*peer, nil, dataShards, parityShards)
	} else {
		var address *net.UDPAddr
		address, err = net.ResolveUDPAddr("udp", *peer)
		check(err)
		session, err = kcp.NewConn2(address, nil, dataShards, parityShards, lossySocket(":0"))
	}
	check(err)
	return session
}

func client() {
	if *stdio {
		join(dial(), struct {
			io.Reader
			io.WriteCloser
		}{os.Stdin, os.Stdout})
		return
	}
	listener, err := net.Listen("tcp", *listen)
	check(err)
	note("ready %v", listener.Addr())
	for {
		tcp, err := listener.Accept()
		check(err)
		go join(dial(), tcp)
	}
}

// join copies both ways until either ends; the wire knows no end of one direction.
func join(a, b io.ReadWriteCloser) {
	var once sync.Once
	done := make(chan struct{})
	finish := func() { once.Do(func() { close(done) }) }
	go func() { io.Copy(a, b); finish() }()
	go func() { io.Copy(b, a); finish() }()
	<-done
	a.Close()
	b.Close()
}

type sendResult struct {
	Bytes    int64   `json:"bytes"`
	Sent     string  `json:"sent"`
	Received string  `json:"received"`
	Seconds  float64 `json:"seconds"`
}

func send() {
	session := dial()
	begin := time.Now()
	session.SetDeadline(begin.Add(*timeout))
	sent, received := sha256.New(), sha256.New()
	// While kcp-go only receives, it acknowledges every 100 ms; its own writes make it do so
	// at once. So the sender stays a little ahead of the receiver, and both go on.
	room := make(chan int, 1<<20)
	go func() {
		content := rand.New(rand.NewSource(*seed))
		piece := []byte(greeting)
		inFlight := 0
		for left := *total; left > 0; {
			if left < int64(len(piece)) {
				piece = piece[:left]
			}
			for inFlight > 0 && inFlight+len(piece) > *ahead {
				inFlight -= <-room
			}
			sent.Write(piece)
			_, err := session.Write(piece)
			check(err)
			left -= int64(len(piece))
			inFlight += len(piece)
			piece = make([]byte, *chunk)
			content.Read(piece)
		}
	}()
	var n int64
	buffer := make([]byte, 65536)
	for n < *total {
		got, err := session.Read(buffer)
		if err != nil {
			note("after %d bytes: %v", n, err)
			exit(1)
		}
		received.Write(buffer[:got])
		n += int64(got)
		room <- got
	}
	result := sendResult{n, hex.EncodeToString(sent.Sum(nil)), hex.EncodeToString(received.Sum(nil)), time.Since(begin).Seconds()}
	line, err := json.Marshal(result)
	check(err)
	fmt.Println(string(line))
}

func stun() {
	const (
		header     = 20
		request    = 0x0001
		success    = 0x0101
		cookie     = 0x2112A442
		xorMapped  = 0x0020
		familyIPv4 = 1
	)
	address, err := net.ResolveUDPAddr("udp4", *listen)
	check(err)
	socket, err := net.ListenUDP("udp4", address)
	check(err)
	note("ready %v", socket.LocalAddr())
	in := make([]byte, 1500)
	for {
		n, from, err := socket.ReadFromUDP(in)
		check(err)
		if n < header || binary.BigEndian.Uint16(in) != request || binary.BigEndian.Uint32(in[4:]) != cookie {
			continue
		}
		out := make([]byte, header+12)
		copy(out, in[:header])
		binary.BigEndian.PutUint16(out, success)
		binary.BigEndian.PutUint16(out[2:], 12)
		binary.BigEndian.PutUint16(out[20:], xorMapped)
		binary.BigEndian.PutUint16(out[22:], 8)
		binary.BigEndian.PutUint16(out[24:], familyIPv4)
		binary.BigEndian.PutUint16(out[26:], uint16(from.Port)^(cookie>>16))
		binary.BigEndian.PutUint32(out[28:], binary.BigEndian.Uint32(from.IP.To4())^cookie)
		socket.WriteToUDP(out, from)
	}
}

// A lossyConn loses datagrams on their way in and out.
type lossyConn struct {
	net.PacketConn
	share float64
	mutex sync.Mutex
	in    *rand.Rand
	out   *rand.Rand
}

func lossySocket(address string) net.PacketConn {
	socket, err := net.ListenPacket("udp", address)
	check(err)
	return &lossyConn{
		PacketConn: socket,
		share:      *loss / 100,
		in:         rand.New(rand.NewSource(*seed)),
		out:        rand.New(rand.NewSource(*seed + 1)),
	}
}

func (c *lossyConn) lost(direction *rand.Rand) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return direction.Float64() < c.share
}

func (c *lossyConn) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(p)
		if err != nil || !c.lost(c.in) {
			return n, from, err
		}
	}
}

func (c *lossyConn) WriteTo(p []byte, to net.Addr) (int, error) {
	if c.lost(c.out) {
		return len(p), nil
	}
	return c.PacketConn.WriteTo(p, to)
}

var exiting sync.Mutex

// exit prints the counters once, whoever comes first.
func exit(status int) {
	exiting.Lock()
	line, err := json.Marshal(kcp.DefaultSnmp.Copy())
	if err == nil {
		fmt.Fprintln(os.Stderr, string(line))
	}
	os.Exit(status)
}

func check(err error) {
	if err != nil {
		note("%v", err)
		exit(1)
	}
}

func note(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

func fail(line string) {
	fmt.Fprintln(os.Stderr, line)
	os.Exit(2)
}
