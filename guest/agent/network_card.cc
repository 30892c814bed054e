#include "guest/agent/network_card.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>

#include "common/base/error.h"
#include "common/base/files.h"
#include "guest/agent/route_socket.h"

namespace pyro::agent {
namespace {

namespace wire = api::agent;

/// The first line of a file of ours.
constexpr std::string_view kOurs = "# The network that pyro gives this machine.\n";
constexpr std::uint64_t kMostResolverBytes = 1U << 20U;

/// In network order, with its length: 4 or 16 bytes.
struct Address {
  std::array<unsigned char, 16> bytes{};
  std::size_t size = 0;
  unsigned char family() const { return size == 4 ? AF_INET : AF_INET6; }
};

Address address_of(const std::string& text) {
  Address address;
  if (::inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    address.size = 4;
  } else if (::inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
    address.size = 16;
  } else {
    throw invalid_argument("'{}' is no address", text);
  }
  return address;
}

/// A setting of the kernel for one card; without IPv6 there is none.
void set_ipv6(const std::string& card, const char* name, std::string_view value) {
  const std::filesystem::path file = std::filesystem::path("/proc/sys/net/ipv6/conf") / card / name;
  if (std::filesystem::exists(file)) write_all(open_file(file, O_WRONLY).get(), value);
}

void set_up(const RouteSocket& kernel, int index, bool up, std::uint32_t mtu) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  header.ifi_flags = up ? IFF_UP : 0;
  header.ifi_change = IFF_UP;
  RouteRequest request(RTM_NEWLINK, 0, header);
  request.add(IFLA_MTU, &mtu, sizeof mtu);
  kernel.execute(std::move(request));
}

ifaddrmsg address_header(const Address& address, std::uint8_t prefix_bits, int index) {
  ifaddrmsg header{};
  header.ifa_family = address.family();
  header.ifa_prefixlen = prefix_bits;
  header.ifa_flags = IFA_F_NODAD;
  header.ifa_index = static_cast<std::uint32_t>(index);
  return header;
}

void add_address(const RouteSocket& kernel, int index, const wire::CardAddress& wanted) {
  const Address address = address_of(wanted.address);
  if (wanted.prefix_bits > address.size * 8) {
    throw invalid_argument("{} is no prefix of '{}'", wanted.prefix_bits, wanted.address);
  }
  const auto prefix_bits = static_cast<std::uint8_t>(wanted.prefix_bits);
  RouteRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE,
                       address_header(address, prefix_bits, index));
  request.add(IFA_LOCAL, address.bytes.data(), address.size);
  request.add(IFA_ADDRESS, address.bytes.data(), address.size);
  kernel.execute(std::move(request));

  const Address gateway = address_of(wanted.gateway);
  rtmsg header{};
  header.rtm_family = gateway.family();
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  RouteRequest route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, header);
  route.add(RTA_GATEWAY, gateway.bytes.data(), gateway.size);
  route.add(RTA_OIF, &index, sizeof index);
  kernel.execute(std::move(route));
}

/// All addresses of the card, those of its user included.
void remove_addresses(const RouteSocket& kernel, int index) {
  const std::vector<char> found =
      kernel.dump(RouteRequest(RTM_GETADDR, 0, ifaddrmsg{.ifa_family = AF_UNSPEC}));
  std::size_t left = found.size();
  for (const auto* message = reinterpret_cast<const nlmsghdr*>(found.data());
       NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
    if (message->nlmsg_type != RTM_NEWADDR) continue;
    const auto* header = static_cast<const ifaddrmsg*>(NLMSG_DATA(message));
    if (static_cast<int>(header->ifa_index) != index) continue;
    RouteRequest request(RTM_DELADDR, 0, *header);
    auto attributes = IFA_PAYLOAD(message);
    for (const rtattr* one = IFA_RTA(header); RTA_OK(one, attributes);
         one = RTA_NEXT(one, attributes)) {
      if (one->rta_type == IFA_LOCAL || one->rta_type == IFA_ADDRESS) {
        request.add(one->rta_type, RTA_DATA(one), RTA_PAYLOAD(one));
      }
    }
    kernel.execute(std::move(request), EADDRNOTAVAIL);
  }
}

}  // namespace

void NetworkCard::configure(const wire::ConfigureNetwork& wanted) const {
  const auto index = static_cast<int>(::if_nametoindex(name_.c_str()));
  if (index == 0) throw system_error(fmt::format("network card '{}'", name_));
  bool has_ipv6 = false;
  for (const auto& address : wanted.addresses) {
    has_ipv6 = has_ipv6 || address_of(address.address).family() == AF_INET6;
  }
  const RouteSocket kernel;
  const bool up = !wanted.addresses.empty();
  if (up) {
    // Nothing that it would say by itself has an answer: no router, no other machine.
    set_ipv6(name_, "accept_ra", "0");
    set_ipv6(name_, "accept_dad", "0");
    set_ipv6(name_, "disable_ipv6", has_ipv6 ? "0" : "1");
  }
  remove_addresses(kernel, index);
  set_up(kernel, index, up, wanted.mtu);
  for (const auto& address : wanted.addresses) add_address(kernel, index, address);
  set_name_server(up ? wanted.name_server : "");
}

/// A file of the image or of the user is left alone while there is no network.
void NetworkCard::set_name_server(const std::string& name_server) const {
  const auto open = [this] { return open_file(resolver_file_, O_RDWR | O_CREAT, 0644); };
  UniqueFd file;
  try {
    file = open();
  } catch (const Error&) {
    // A link into nowhere, as a resolver leaves that is not installed.
    ::unlink(resolver_file_.c_str());
    file = open();
  }
  const std::string there = read_to_end(file.get(), kMostResolverBytes);
  if (name_server.empty() && !there.starts_with(kOurs)) return;
  const std::string text =
      name_server.empty() ? "" : fmt::format("{}nameserver {}\n", kOurs, name_server);
  if (text == there) return;
  if (::ftruncate(file.get(), 0) != 0 || ::lseek(file.get(), 0, SEEK_SET) != 0) {
    throw system_error(resolver_file_);
  }
  write_all(file.get(), text);
}

}  // namespace pyro::agent
