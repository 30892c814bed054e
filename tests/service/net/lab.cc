#include "tests/service/net/lab.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <poll.h>
#include <resolv.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/config/programs.h"
#include "services/net/gate/setup/netlink.h"

namespace pyro::gate {
namespace {

using network::GuestNetwork;

constexpr auto kPatient = std::chrono::seconds(30);
constexpr const char* kResolver = "203.0.113.53";

void must(bool good, std::string_view what) {
  if (!good) throw system_error(what);
}

/// Once a process, before its first thread: a user namespace in which we may make all others, and
/// the host's resolv.conf.
void enter_lab(const std::filesystem::path& resolv_conf) {
  static bool entered = false;
  if (!entered) {
    test::enter_user_namespace(CLONE_NEWNS | CLONE_NEWNET);
    entered = true;
  }
  const std::filesystem::path there = std::filesystem::canonical("/etc/resolv.conf");
  must(::mount(resolv_conf.c_str(), there.c_str(), nullptr, MS_BIND, nullptr) == 0, "mount");
}

void wait_seconds(int socket, int seconds) {
  const timeval limit{.tv_sec = seconds, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

UniqueFd bound(int family, int type, std::uint16_t port) {
  UniqueFd fd(::socket(family, type | SOCK_CLOEXEC, 0));
  must(static_cast<bool>(fd), "socket");
  constexpr int kYes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &kYes, sizeof kYes);
  if (family == AF_INET6) {
    ::setsockopt(fd.get(), SOL_IPV6, IPV6_V6ONLY, &kYes, sizeof kYes);
    ::setsockopt(fd.get(), SOL_IPV6, IPV6_FREEBIND, &kYes, sizeof kYes);
  }
  sockaddr_storage address{};
  const socklen_t size =
      Endpoint{*Address::parse(family == AF_INET ? "0.0.0.0" : "::"), port}.put(address);
  must(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0, "bind");
  if (type == SOCK_STREAM) must(::listen(fd.get(), 1024) == 0, "listen");
  return fd;
}

/// Readable before a stop is asked for.
bool wait_readable(int fd, const std::stop_token& stop) {
  pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
  while (!stop.stop_requested()) {
    if (::poll(&one, 1, 20) > 0) return true;
  }
  return false;
}

}  // namespace

// ---- the internet

Internet::Internet(const Namespace& where, const std::vector<std::uint16_t>& tcp_ports,
                   const std::vector<std::uint16_t>& udp_ports)
    : where_(where) {
  where_.run([&] {
    for (const int family : {AF_INET, AF_INET6}) {
      for (const auto port : tcp_ports) {
        listeners_.push_back(bound(family, SOCK_STREAM, port));
        threads_.emplace_back(
            [this, fd = listeners_.back().get()](const std::stop_token& s) { serve_tcp(fd, s); });
      }
      for (const auto port : udp_ports) {
        listeners_.push_back(bound(family, SOCK_DGRAM, port));
        constexpr int kYes = 1;
        ::setsockopt(listeners_.back().get(), family == AF_INET ? SOL_IP : SOL_IPV6,
                     family == AF_INET ? IP_PKTINFO : IPV6_RECVPKTINFO, &kYes, sizeof kYes);
        threads_.emplace_back(
            [this, fd = listeners_.back().get()](const std::stop_token& s) { serve_udp(fd, s); });
      }
    }
    UniqueFd datagrams(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    UniqueFd streams(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage address{};
    const socklen_t size = Endpoint{*Address::parse(kResolver), 53}.put(address);
    for (const UniqueFd* fd : {&datagrams, &streams}) {
      constexpr int kYes = 1;
      ::setsockopt(fd->get(), SOL_IP, IP_FREEBIND, &kYes, sizeof kYes);
      must(::bind(fd->get(), reinterpret_cast<const sockaddr*>(&address), size) == 0, "bind");
    }
    must(::listen(streams.get(), 16) == 0, "listen");
    threads_.emplace_back(
        [this, fd = datagrams.get()](const std::stop_token& s) { serve_dns(fd, s); });
    threads_.emplace_back(
        [this, fd = streams.get()](const std::stop_token& s) { serve_dns_stream(fd, s); });
    listeners_.push_back(std::move(datagrams));
    listeners_.push_back(std::move(streams));
  });
}

Internet::~Internet() {
  for (auto& thread : threads_) thread.request_stop();
  {
    const std::lock_guard held(lock_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  threads_.clear();
  EXPECT_TRUE(test::soon([this] {
    const std::lock_guard held(lock_);
    return open_.empty();
  }));
}

void Internet::set(const std::string& name, std::vector<std::string> addresses) {
  const std::lock_guard held(lock_);
  zone_[name] = std::move(addresses);
}

void Internet::set_raw(const std::string& name, std::string message) {
  const std::lock_guard held(lock_);
  raw_[name] = std::move(message);
}

void Internet::answer(const std::string& address, std::string bytes) {
  const std::lock_guard held(lock_);
  answers_[address] = std::move(bytes);
}

void Internet::serve(const std::string& address, Serve serve) {
  const std::lock_guard held(lock_);
  serves_[address] = std::move(serve);
}

std::vector<std::string> Internet::questions() const {
  const std::lock_guard held(lock_);
  return questions_;
}

std::vector<Seen> Internet::connections() const {
  const std::lock_guard held(lock_);
  std::vector<Seen> all;
  for (const auto& one : seen_) all.push_back(*one);
  return all;
}

bool Internet::was_reached(const std::string& address) const {
  for (const auto& one : connections()) {
    if (one.to.address.text() == address) return true;
  }
  return false;
}

std::string Internet::bytes_at(const std::string& address) const {
  std::string all;
  for (const auto& one : connections()) {
    if (one.to.address.text() == address) all += one.bytes;
  }
  return all;
}

void Internet::serve_tcp(int listener, const std::stop_token& stop) {
  while (wait_readable(listener, stop)) {
    UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) continue;
    {
      const std::lock_guard held(lock_);
      open_.insert(fd.get());
    }
    std::thread([this, socket = std::make_shared<UniqueFd>(std::move(fd))] {
      serve_connection(std::move(*socket));
    }).detach();
  }
}

void Internet::serve_connection(UniqueFd fd) {
  auto seen = std::make_shared<Seen>(Seen{.to = *local_end(fd.get()), .bytes = {}});
  std::string fixed;
  Serve serve;
  {
    const std::lock_guard held(lock_);
    seen_.push_back(seen);
    if (const auto at = serves_.find(seen->to.address.text()); at != serves_.end()) {
      serve = at->second;
    }
    if (const auto at = answers_.find(seen->to.address.text()); at != answers_.end()) {
      fixed = at->second;
    }
  }
  if (serve) {
    serve(fd.get());
    const std::lock_guard held(lock_);
    open_.erase(fd.get());
    fd.reset();
    return;
  }
  std::string buffer(64U << 10U, '\0');
  bool first = true;
  for (;;) {
    const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    {
      const std::lock_guard held(lock_);
      if (seen->bytes.size() < (1U << 20U)) seen->bytes += bytes;
    }
    const std::string_view back = fixed.empty() ? bytes : first ? fixed : std::string_view();
    first = false;
    if (!back.empty() && ::send(fd.get(), back.data(), back.size(), MSG_NOSIGNAL) < 0) break;
  }
  const std::lock_guard held(lock_);
  open_.erase(fd.get());
  fd.reset();
}

void Internet::serve_udp(int socket, const std::stop_token& stop) {
  std::string buffer(64U << 10U, '\0');
  while (wait_readable(socket, stop)) {
    sockaddr_storage from{};
    iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    alignas(cmsghdr) std::array<char, 256> control{};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(socket, &message, 0);
    if (got < 0) continue;
    auto seen = std::make_shared<Seen>();
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_PKTINFO) {
        seen->to.address = Address(reinterpret_cast<in_pktinfo*>(CMSG_DATA(c))->ipi_addr);
      } else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        seen->to.address = Address(reinterpret_cast<in6_pktinfo*>(CMSG_DATA(c))->ipi6_addr);
      }
    }
    seen->bytes.assign(buffer.data(), static_cast<std::size_t>(got));
    {
      const std::lock_guard held(lock_);
      seen_.push_back(seen);
    }
    // From the address that was asked, by the same control message.
    part.iov_len = static_cast<std::size_t>(got);
    ::sendmsg(socket, &message, 0);
  }
}

std::string Internet::dns_answer(std::string_view question, bool stream) {
  ns_msg message;
  ns_rr record;
  const auto* raw = reinterpret_cast<const unsigned char*>(question.data());
  if (::ns_initparse(raw, static_cast<int>(question.size()), &message) != 0 ||
      ::ns_parserr(&message, ns_s_qd, 0, &record) != 0) {
    return {};
  }
  const std::string name = ns_rr_name(record);
  const int type = ns_rr_type(record);
  const std::lock_guard held(lock_);
  questions_.push_back(name);
  if (const auto at = raw_.find(name); at != raw_.end()) {
    return std::string(question.substr(0, 2)) + at->second.substr(2);
  }
  const auto found = zone_.find(name);
  const std::size_t size_of_question =
      static_cast<std::size_t>(::dn_skipname(raw + 12, raw + question.size())) + 4;
  std::string records;
  std::uint16_t count = 0;
  if (found != zone_.end()) {
    for (const auto& text : found->second) {
      const auto address = *Address::parse(text);
      if (type != (address.is_v4() ? ns_t_a : ns_t_aaaa) && type != ns_t_mx) continue;
      records += "\xC0\x0C" + big_endian16(address.is_v4() ? ns_t_a : ns_t_aaaa) +
                 big_endian16(ns_c_in) + big_endian32(60) +
                 big_endian16(static_cast<std::uint16_t>(address.bytes().size()));
      records += address.bytes();
      ++count;
    }
  }
  const bool cut = truncate_ && !stream;
  if (cut) records.clear(), count = 0;
  const unsigned flags = 0x8180U | (cut ? 0x0200U : 0) | (found == zone_.end() ? 3U : 0);
  return std::string(question.substr(0, 2)) + big_endian16(static_cast<std::uint16_t>(flags)) +
         big_endian16(1) + big_endian16(count) + big_endian32(0) +
         std::string(question.substr(12, size_of_question)) + records;
}

void Internet::serve_dns(int socket, const std::stop_token& stop) {
  std::string buffer(4096, '\0');
  while (wait_readable(socket, stop)) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(socket, buffer.data(), buffer.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 0) continue;
    const std::string answer = dns_answer({buffer.data(), static_cast<std::size_t>(got)}, false);
    ::sendto(socket, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from),
             size);
  }
}

void Internet::serve_dns_stream(int listener, const std::stop_token& stop) {
  while (wait_readable(listener, stop)) {
    const UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    std::string buffer(4096, '\0');
    const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got <= 2) continue;
    const std::string answer =
        dns_answer(std::string_view(buffer).substr(2, static_cast<std::size_t>(got) - 2), true);
    const std::string framed = big_endian16(static_cast<std::uint16_t>(answer.size())) + answer;
    ::send(fd.get(), framed.data(), framed.size(), MSG_NOSIGNAL);
  }
}

// ---- the lab

Lab::Lab() {
  std::ofstream(directory_ / "resolv.conf") << "nameserver " << kResolver << "\n";
  enter_lab(directory_ / "resolv.conf");
  host_ = std::make_unique<Namespace>();
  far_ = std::make_unique<Namespace>();
  guest_ = std::make_unique<Namespace>();
  // The test's own thread, and so its gates, are on this host.
  must(::setns(host_->fd(), CLONE_NEWNET) == 0, "setns");
  host_->ip("link add h0 type veth peer name s0 netns " + far_->path());
  for (const char* line :
       {"addr add 198.51.100.1/24 dev h0", "-6 addr add 2a00:1::1/64 dev h0 nodad",
        "link set h0 up", "route add default via 198.51.100.10",
        "-6 route add default via 2a00:1::10", "addr add 192.168.50.1/32 dev lo",
        "route add unreachable 203.0.113.99/32"}) {
    host_->ip(line);
  }
  // All addresses that nothing else has are the far host's.
  for (const char* line :
       {"addr add 198.51.100.10/24 dev s0", "-6 addr add 2a00:1::10/64 dev s0 nodad",
        "link set s0 up", "route add local default dev lo table main",
        "-6 route add local default dev lo table main"}) {
    far_->ip(line);
  }
  internet_ = std::make_unique<Internet>(
      *far_, std::vector<std::uint16_t>{22, 80, 443, 853, 4000, 4001, 8443},
      std::vector<std::uint16_t>{123, 443, 5353, 4001});
  guest_->run([&] {
    guest_tap_ = open_file("/dev/net/tun", O_RDWR | O_NONBLOCK);
    ifreq request{};
    std::strcpy(request.ifr_name, "eth0");
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    must(::ioctl(guest_tap_.get(), TUNSETIFF, &request) == 0, "TUNSETIFF");
  });
  guest_->ip(fmt::format("link set eth0 mtu {} up", GuestNetwork::kMtu));
  guest_->ip(
      fmt::format("addr add {}/{} dev eth0", GuestNetwork::kAddress, GuestNetwork::kPrefixBits));
  guest_->ip(fmt::format("-6 addr add {}/{} dev eth0 nodad", GuestNetwork::kAddress6,
                         GuestNetwork::kPrefixBits6));
  guest_->ip(fmt::format("route add default via {}", GuestNetwork::kGateway));
  guest_->ip(fmt::format("-6 route add default via {}", GuestNetwork::kGateway6));
}

Lab::~Lab() {
  control_.reset();
  gate_.reset();
  unplug();
  internet_.reset();
  ::umount2(std::filesystem::canonical("/etc/resolv.conf").c_str(), MNT_DETACH);
}

network::GateReport Lab::start_only(const network::Policy& policy) {
  unplug();
  std::filesystem::create_directories(directory_ / "net");
  int ends[2];
  must(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
  control_.reset(ends[0]);
  const UniqueFd theirs(ends[1]);
  wait_seconds(control_.get(), 30);
  must(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
  const UniqueFd of_cache(ends[1]);
  broker_.emplace(UniqueFd(ends[0]), package_cache_);
  gate_.emplace(Command{
      .argv = {sibling_program(network::kGateProgram).string(), (directory_ / "net").string()},
      .descriptors = {{2, STDERR_FILENO},
                      {network::kGateSocket, theirs.get()},
                      {network::kGateCacheSocket, of_cache.get()}}});
  order(policy);
  auto received = network::receive_report(control_.get());
  if (!received) throw unavailable("the gate gave no report");
  if (received->descriptor) plug(std::move(received->descriptor));
  return received->report;
}

void Lab::start(network::Policy policy) {
  const auto report = start_only(policy);
  if (report.event != network::GateEvent::kReady) throw unavailable("{}", report.message);
}

network::GateReport Lab::set_policy(network::Policy policy) {
  order(policy);
  auto received = network::receive_report(control_.get());
  if (!received) throw unavailable("the gate gave no report");
  return received->report;
}

void Lab::order(const network::Policy& policy) const {
  UniqueFd injection;
  if (policy.injects()) injection = network::file_of(injection_);
  network::send_order(control_.get(), {policy}, injection.get());
}

void Lab::kill_gate() { gate_->kill(); }

/// Frames go between the gate's tap and the guest's, as QEMU carries them.
void Lab::plug(UniqueFd tap) {
  end_pump_.reset(::eventfd(0, EFD_CLOEXEC));
  pump_ = std::thread([theirs = std::make_shared<UniqueFd>(std::move(tap)), ours = guest_tap_.get(),
                       end = end_pump_.get()] {
    std::string frame(70000, '\0');
    const auto carry = [&frame](int from, int to) {
      for (int i = 0; i < 64; ++i) {
        const ssize_t got = ::read(from, frame.data(), frame.size());
        if (got <= 0) return;
        if (::write(to, frame.data(), static_cast<std::size_t>(got)) < 0) continue;
      }
    };
    for (;;) {
      std::array<pollfd, 3> all{{{.fd = theirs->get(), .events = POLLIN, .revents = 0},
                                 {.fd = ours, .events = POLLIN, .revents = 0},
                                 {.fd = end, .events = POLLIN, .revents = 0}}};
      ::poll(all.data(), all.size(), -1);
      if (all[2].revents != 0) return;
      carry(theirs->get(), ours);
      carry(ours, theirs->get());
    }
  });
}

void Lab::unplug() {
  if (!pump_.joinable()) return;
  ::eventfd_write(end_pump_.get(), 1);
  pump_.join();
}

UniqueFd Lab::guest_socket(int family, int type, int protocol) const {
  UniqueFd fd;
  guest_->run([&] { fd.reset(::socket(family, type | SOCK_CLOEXEC, protocol)); });
  must(static_cast<bool>(fd), "socket");
  wait_seconds(fd.get(), 20);
  return fd;
}

Lab::Dialed Lab::dial(const std::string& address, std::uint16_t port) const {
  const Endpoint end{*Address::parse(address), port};
  Dialed dialed{.fd = guest_socket(end.address.family(), SOCK_STREAM)};
  sockaddr_storage to{};
  const socklen_t size = end.put(to);
  if (::connect(dialed.fd.get(), reinterpret_cast<const sockaddr*>(&to), size) != 0) {
    dialed.error = errno;
    dialed.fd.reset();
  }
  return dialed;
}

std::string Lab::exchange(int socket, std::string_view bytes) const {
  std::string back;
  if (::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return back;
  std::string buffer(64U << 10U, '\0');
  while (back.size() < bytes.size()) {
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    back.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return back;
}

std::optional<std::string> Lab::talk(const std::string& address, std::uint16_t port,
                                     std::string_view bytes) const {
  const Dialed dialed = dial(address, port);
  if (dialed.error != 0) return std::nullopt;
  return exchange(dialed.fd.get(), bytes);
}

std::optional<std::string> Lab::ask_raw(std::string_view message) const {
  const UniqueFd fd = guest_socket(AF_INET, SOCK_DGRAM);
  wait_seconds(fd.get(), 8);
  sockaddr_storage to{};
  const socklen_t size = Endpoint{*Address::parse(GuestNetwork::kGateway), 53}.put(to);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), size) != 0 ||
      ::send(fd.get(), message.data(), message.size(), 0) < 0) {
    return std::nullopt;
  }
  std::string answer(65536, '\0');
  const ssize_t got = ::recv(fd.get(), answer.data(), answer.size(), 0);
  if (got < 0) return std::nullopt;
  answer.resize(static_cast<std::size_t>(got));
  return answer;
}

Lab::Resolved Lab::resolve(const std::string& name, std::uint16_t type) const {
  Resolved resolved;
  const auto answer = ask_raw(dns_question(name, type));
  if (!answer) return resolved;
  ns_msg message;
  if (::ns_initparse(reinterpret_cast<const unsigned char*>(answer->data()),
                     static_cast<int>(answer->size()), &message) != 0) {
    return resolved;
  }
  resolved.rcode = ns_msg_getflag(message, ns_f_rcode);
  resolved.truncated = ns_msg_getflag(message, ns_f_tc) != 0;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record;
    if (::ns_parserr(&message, ns_s_an, i, &record) != 0) continue;
    const auto address = Address::from_bytes(
        {reinterpret_cast<const char*>(ns_rr_rdata(record)), ns_rr_rdlen(record)});
    if (address) resolved.addresses.push_back(address->text());
  }
  return resolved;
}

std::vector<network::LogLine> Lab::log() const {
  return network::read_connection_log(directory_ / "net");
}

bool Lab::logged(network::Verdict verdict, std::string_view reason, std::string_view name) const {
  return test::soon([&] {
    for (const auto& line : log()) {
      if (line.verdict == verdict && line.reason == reason && (name.empty() || line.name == name)) {
        return true;
      }
    }
    return false;
  });
}

// ---- what a guest says

std::string dns_question(std::string_view name, std::uint16_t type, std::uint16_t id) {
  std::string out =
      big_endian16(id) + big_endian16(0x0100) + big_endian16(1) + std::string(6, '\0');
  for (const auto& label : split(name, '.')) {
    out += static_cast<char>(label.size());
    out += label;
  }
  return out + '\0' + big_endian16(type) + big_endian16(ns_c_in);
}

namespace {

std::string length24(std::size_t value) {
  return big_endian32(static_cast<std::uint32_t>(value)).substr(1);
}

std::string with_length16(const std::string& bytes) {
  return big_endian16(static_cast<std::uint16_t>(bytes.size())) + bytes;
}

}  // namespace

std::string server_name_extension(const std::vector<std::string>& names, std::uint8_t type) {
  std::string list;
  for (const auto& name : names) list += static_cast<char>(type) + with_length16(name);
  return big_endian16(0) + with_length16(with_length16(list));
}

std::string client_hello(const HelloParts& parts) {
  std::string body = "\x03\x03" + std::string(32, 'r') + std::string(1, '\0') +
                     with_length16("\x13\x01") + std::string("\x01\x00", 2) +
                     with_length16(parts.extensions);
  const std::string message = "\x01" + length24(body.size()) + body;
  std::string records;
  for (std::size_t at = 0; at < message.size(); at += parts.bytes_in_record) {
    records += "\x16\x03\x01" + with_length16(message.substr(at, parts.bytes_in_record));
  }
  return records;
}

std::string hello_for(const std::string& name) {
  return client_hello({.extensions = server_name_extension({name})});
}

}  // namespace pyro::gate
