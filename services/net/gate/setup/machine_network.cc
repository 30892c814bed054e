#include "services/net/gate/setup/machine_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/if_tun.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/network.h"
#include "services/net/gate/rules/address.h"

namespace pyro::gate {
namespace {

using network::GuestNetwork;

constexpr const char* kTun = "/dev/net/tun";

/// The steps by which the sentence of a failure is chosen.
constexpr std::string_view kStepNamespaces = "unshare";
constexpr std::string_view kStepMap = "map of users";
constexpr std::string_view kStepTun = "open tun";
constexpr std::string_view kStepTap = "make the tap";
constexpr std::string_view kStepRules = "packet rules";

/// How far the child came, and how a step failed: thrown there, sent to the gate.
struct FailedStep {
  std::array<char, 32> step{};
  int error_number = 0;
  SynHold hold = SynHold::kNone;

  static FailedStep at(std::string_view step, int error_number = errno) {
    FailedStep failed{.error_number = error_number};
    step.copy(failed.step.data(), failed.step.size() - 1);
    return failed;
  }
};

void check(bool good, std::string_view step) {
  if (!good) throw FailedStep::at(step);
}

void put(const char* file, const std::string& text, std::string_view step) {
  const UniqueFd fd(::open(file, O_WRONLY | O_CLOEXEC));
  check(fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()),
        step);
}

// ---- in the child, in this order

void enter_namespaces(pid_t parent) {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  check(::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0, kStepNamespaces);
  // Only now: entering a user namespace clears it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  put("/proc/self/setgroups", "deny", kStepMap);
  put("/proc/self/uid_map", fmt::format("0 {} 1", uid), kStepMap);
  put("/proc/self/gid_map", fmt::format("0 {} 1", gid), kStepMap);
}

UniqueFd make_tap() {
  UniqueFd tap(::open(kTun, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  check(static_cast<bool>(tap), kStepTun);
  ifreq request{};
  std::strcpy(request.ifr_name, kTapName);
  // Without IFF_VNET_HDR: QEMU refuses `vnet_hdr=` beside a descriptor.
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  check(::ioctl(tap.get(), TUNSETIFF, &request) == 0, kStepTap);
  return tap;
}

void add_address(NetlinkBatch& batch, unsigned interface, std::string_view text, int bits) {
  const Address address = *Address::parse(text);
  const ifaddrmsg header{.ifa_family = static_cast<std::uint8_t>(address.family()),
                         .ifa_prefixlen = static_cast<std::uint8_t>(bits),
                         .ifa_flags = IFA_F_NODAD,
                         .ifa_scope = RT_SCOPE_UNIVERSE,
                         .ifa_index = interface};
  batch.message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_ACK, header)
      .attribute(IFA_LOCAL, address.bytes())
      .attribute(IFA_ADDRESS, address.bytes());
}

/// The same for each gate: a guest keeps it in mind over a new gate, a restore and a fork.
void set_gateway_mac(NetlinkBatch& batch, unsigned interface) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(interface);
  const auto& mac = GuestNetwork::kGatewayMac;
  batch.message(RTM_NEWLINK, NLM_F_ACK, header)
      .attribute(IFLA_ADDRESS, {reinterpret_cast<const char*>(mac.data()), mac.size()});
}

/// A refusal is told at once, however many there are. With a read-only /proc/sys the kernel tells
/// some of many a second later.
void tell_all_errors() {
  for (const auto& [file, value] : {std::pair{"/proc/sys/net/ipv4/icmp_ratemask", "0"},
                                    std::pair{"/proc/sys/net/ipv6/icmp/ratelimit", "0"},
                                    std::pair{"/proc/sys/net/ipv6/icmp/ratemask", "0"}}) {
    const UniqueFd fd(::open(file, O_WRONLY | O_CLOEXEC));
    if (fd && ::write(fd.get(), value, std::strlen(value)) < 0) continue;
  }
}

void set_up(NetlinkBatch& batch, unsigned interface, std::optional<unsigned> mtu = {}) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(interface);
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  batch.message(RTM_NEWLINK, NLM_F_ACK, header);
  if (mtu) batch.attribute(IFLA_MTU, bytes_of(*mtu));
}

/// What the rules mark is delivered here, whatever its address.
void add_local_route(NetlinkBatch& batch, int family, unsigned loopback) {
  constexpr std::uint8_t kLocalTable = 100;
  fib_rule_hdr rule{};
  rule.family = static_cast<std::uint8_t>(family);
  rule.table = kLocalTable;
  rule.action = FR_ACT_TO_TBL;
  batch.message(RTM_NEWRULE, NLM_F_CREATE | NLM_F_ACK, rule)
      .attribute(FRA_FWMARK, bytes_of(kMarkOurs));
  const rtmsg route{.rtm_family = static_cast<std::uint8_t>(family),
                    .rtm_table = kLocalTable,
                    .rtm_protocol = RTPROT_STATIC,
                    .rtm_scope = RT_SCOPE_HOST,
                    .rtm_type = RTN_LOCAL};
  batch.message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_ACK, route)
      .attribute(RTA_OIF, bytes_of(loopback));
}

UniqueFd netlink_socket(int protocol, int flags = 0) {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, protocol));
  check(static_cast<bool>(socket), "netlink socket");
  return socket;
}

void configure_interfaces(bool ipv6) {
  const unsigned loopback = 1;  // of each namespace
  const unsigned tap = ::if_nametoindex(kTapName);
  NetlinkBatch batch;
  set_up(batch, loopback);
  set_gateway_mac(batch, tap);
  set_up(batch, tap, GuestNetwork::kMtu);
  add_address(batch, tap, GuestNetwork::kGateway, GuestNetwork::kPrefixBits);
  add_local_route(batch, AF_INET, loopback);
  if (ipv6) {
    add_address(batch, tap, GuestNetwork::kGateway6, GuestNetwork::kPrefixBits6);
    add_local_route(batch, AF_INET6, loopback);
  }
  const UniqueFd socket = netlink_socket(NETLINK_ROUTE);
  const int failed = netlink_commit(socket.get(), batch, batch.count());
  if (failed != 0) throw FailedStep::at("interfaces", failed);
}

/// The strongest hold that this kernel has.
SynHold install_rules(bool ipv6, SynHold strongest) {
  const UniqueFd socket = netlink_socket(NETLINK_NETFILTER);
  int failed = 0;
  for (const SynHold hold : {SynHold::kQueue, SynHold::kTargetQueue, SynHold::kNone}) {
    if (hold < strongest) continue;
    const NetlinkBatch rules = packet_rules(hold, ipv6);
    // All but the two that bound the transaction.
    failed = netlink_commit(socket.get(), rules, rules.count() - 2);
    if (failed == 0) return hold;
    // Answers to the rest of the refused transaction are on the way to this socket.
    const UniqueFd fresh = netlink_socket(NETLINK_NETFILTER);
    if (::dup3(fresh.get(), socket.get(), O_CLOEXEC) < 0) throw FailedStep::at(kStepRules);
  }
  throw FailedStep::at(kStepRules, failed);
}

template <class T>
void set_option(int socket, int level, int option, const T& value) {
  check(::setsockopt(socket, level, option, &value, sizeof value) == 0, "socket option");
}

void bind_to(int socket, const Endpoint& end) {
  sockaddr_storage address{};
  const socklen_t size = end.put(address);
  check(::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0, "bind");
}

UniqueFd make_socket(int family, int type, int protocol = 0) {
  UniqueFd socket(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  check(static_cast<bool>(socket), "socket");
  return socket;
}

MachineNetwork::Sockets make_sockets(int family) {
  constexpr int kYes = 1;
  const bool v4 = family == AF_INET;
  const int level = v4 ? SOL_IP : SOL_IPV6;
  const int transparent = v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT;
  const Address any = *Address::parse(v4 ? "0.0.0.0" : "::");
  MachineNetwork::Sockets sockets;
  sockets.tcp = make_socket(family, SOCK_STREAM);
  sockets.udp = make_socket(family, SOCK_DGRAM);
  for (const UniqueFd* socket : {&sockets.tcp, &sockets.udp}) {
    set_option(socket->get(), level, transparent, kYes);
    if (!v4) set_option(socket->get(), SOL_IPV6, IPV6_V6ONLY, kYes);
  }
  set_option(sockets.udp.get(), level, v4 ? IP_RECVORIGDSTADDR : IPV6_RECVORIGDSTADDR, kYes);
  bind_to(sockets.tcp.get(), {any, kTcpPort});
  bind_to(sockets.udp.get(), {any, kUdpPort});
  check(::listen(sockets.tcp.get(), 1024) == 0, "listen");
  sockets.raw = make_socket(family, SOCK_RAW, IPPROTO_RAW);
  if (!v4) set_option(sockets.raw.get(), SOL_IPV6, IPV6_HDRINCL, kYes);
  return sockets;
}

void configure_queue(NetlinkBatch& batch, std::uint16_t attribute, std::string_view value) {
  batch
      .message(
          NFNL_SUBSYS_QUEUE << 8U | NFQNL_MSG_CONFIG, NLM_F_ACK,
          nfgenmsg{.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(kSynQueue)})
      .attribute(attribute, value);
}

/// The gate's, to which the kernel sends the SYNs.
UniqueFd make_syn_queue() {
  constexpr int kYes = 1;
  constexpr std::uint32_t kHeaders = 128;
  UniqueFd socket = netlink_socket(NETLINK_NETFILTER);
  NetlinkBatch batch;
  configure_queue(batch, NFQA_CFG_CMD,
                  bytes_of(nfqnl_msg_config_cmd{.command = NFQNL_CFG_CMD_BIND, .pf = 0}));
  configure_queue(batch, NFQA_CFG_PARAMS,
                  bytes_of(nfqnl_msg_config_params{.copy_range = htonl(kHeaders),
                                                   .copy_mode = NFQNL_COPY_PACKET}));
  const int failed = netlink_commit(socket.get(), batch, batch.count());
  if (failed != 0) throw FailedStep::at("queue", failed);
  // A lost message is a SYN that the guest sends again.
  set_option(socket.get(), SOL_NETLINK, NETLINK_NO_ENOBUFS, kYes);
  check(::fcntl(socket.get(), F_SETFL, O_NONBLOCK) == 0, "fcntl");
  return socket;
}

MachineNetwork make_inside(bool ipv6, SynHold strongest, pid_t parent) {
  enter_namespaces(parent);
  MachineNetwork made;
  made.tap = make_tap();
  configure_interfaces(ipv6);
  tell_all_errors();
  made.hold = install_rules(ipv6, strongest);
  if (made.hold != SynHold::kNone) made.syn_queue = make_syn_queue();
  made.dns = make_socket(AF_INET, SOCK_DGRAM);
  bind_to(made.dns.get(), {*Address::parse(GuestNetwork::kGateway), 53});
  made.v4 = make_sockets(AF_INET);
  if (ipv6) made.v6 = make_sockets(AF_INET6);
  return made;
}

// ---- the handing over: all descriptors in one message, in the order of this list

std::vector<UniqueFd*> places(MachineNetwork& made) {
  std::vector<UniqueFd*> list = {&made.tap, &made.dns, &made.v4.tcp, &made.v4.udp, &made.v4.raw};
  if (made.hold != SynHold::kNone) list.push_back(&made.syn_queue);
  if (made.v6) {
    for (UniqueFd* fd : {&made.v6->tcp, &made.v6->udp, &made.v6->raw}) list.push_back(fd);
  }
  return list;
}

constexpr std::size_t kMostDescriptors = 16;

bool send_descriptors(int socket, const FailedStep& step, const std::vector<int>& descriptors) {
  iovec part{.iov_base = const_cast<FailedStep*>(&step), .iov_len = sizeof step};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMostDescriptors)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    const std::size_t bytes = sizeof(int) * descriptors.size();
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(header), descriptors.data(), bytes);
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) >= 0;
}

[[noreturn]] void run_child(int socket, bool ipv6, SynHold strongest, pid_t parent) {
  try {
    MachineNetwork made = make_inside(ipv6, strongest, parent);
    std::vector<int> descriptors;
    for (const UniqueFd* fd : places(made)) descriptors.push_back(fd->get());
    FailedStep done;
    done.hold = made.hold;
    ::_exit(send_descriptors(socket, done, descriptors) ? 0 : 1);
  } catch (const FailedStep& failed) {
    send_descriptors(socket, failed, {});
  } catch (const std::exception&) {
    // The gate reads an end without a step.
  }
  ::_exit(1);
}

struct HandedOver {
  FailedStep step;
  std::vector<UniqueFd> descriptors;
};

HandedOver receive_descriptors(int socket) {
  HandedOver got;
  iovec part{.iov_base = &got.step, .iov_len = sizeof got.step};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMostDescriptors)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t bytes = 0;
  do {
    bytes = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (bytes < 0 && errno == EINTR);
  if (bytes != static_cast<ssize_t>(sizeof got.step)) {
    throw setup_error("the child that makes it", ECHILD);
  }
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::vector<int> numbers(count);
    std::memcpy(numbers.data(), CMSG_DATA(header), count * sizeof(int));
    for (const int number : numbers) got.descriptors.emplace_back(number);
  }
  return got;
}

}  // namespace

Error setup_error(std::string_view step, int error_number) {
  const std::string what = fmt::format("{}: {}", step, std::strerror(error_number));
  if (step == kStepNamespaces) {
    return failed_precondition(
        reason::kNoUserNamespaces,
        "this host lets an ordinary user make no user namespaces, which a machine's network needs "
        "({}): set the sysctl user.max_user_namespaces, on Debian also "
        "kernel.unprivileged_userns_clone=1",
        what);
  }
  if (error_number == EPERM || (step == kStepMap && error_number == EACCES)) {
    return failed_precondition(
        reason::kNamespacesWithoutRights,
        "user namespaces of this host have no rights in their network, which a machine's network "
        "needs ({}): load pyro's AppArmor profile, for which `pyro doctor` prints the commands",
        what);
  }
  if (step == kStepTun || step == kStepTap) {
    return failed_precondition(
        reason::kNoTun,
        "'{}' cannot be used, which a machine's network needs ({}): load the module tun, let every "
        "user open the device (mode 0666), and in a container pass it in",
        kTun, what);
  }
  if (step == kStepRules) {
    return failed_precondition(reason::kNoPacketFilter,
                               "this kernel lacks a part of nftables that a machine's network "
                               "needs ({}): load the modules "
                               "nf_tables, nft_tproxy and nft_reject_inet",
                               what);
  }
  return internal_error(reason::kGateFailed, "the network of a machine cannot be made: {}", what);
}

MachineNetwork make_machine_network(bool ipv6, SynHold strongest) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw system_error("socketpair");
  }
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw system_error("fork");
  if (child == 0) run_child(theirs.get(), ipv6, strongest, parent);
  theirs.reset();
  const Cleanup reap([child] {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  });
  HandedOver got = receive_descriptors(ours.get());
  if (got.descriptors.empty()) {
    got.step.step.back() = '\0';
    throw setup_error(got.step.step.data(), got.step.error_number);
  }
  MachineNetwork made;
  made.hold = got.step.hold;
  if (ipv6) made.v6.emplace();
  const auto list = places(made);
  if (list.size() != got.descriptors.size()) throw setup_error("the descriptors", EBADF);
  for (std::size_t i = 0; i < list.size(); ++i) *list[i] = std::move(got.descriptors[i]);
  return made;
}

}  // namespace pyro::gate
