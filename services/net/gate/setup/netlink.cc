#include "services/net/gate/setup/netlink.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace pyro::gate {

std::string big_endian16(std::uint16_t value) { return std::string(bytes_of(htons(value))); }

std::string big_endian32(std::uint32_t value) { return std::string(bytes_of(htonl(value))); }

void NetlinkBatch::begin(std::uint16_t type, std::uint16_t flags) {
  message_ = bytes_.size();
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  header.nlmsg_seq = ++count_;
  append(bytes_of(header));
}

void NetlinkBatch::append(std::string_view data) {
  bytes_ += data;
  bytes_.resize(netlink_aligned(bytes_.size()), '\0');
  const auto length = static_cast<std::uint32_t>(bytes_.size() - message_);
  std::memcpy(bytes_.data() + message_, &length, sizeof length);
}

void NetlinkBatch::set_length(std::size_t at, std::size_t bytes) {
  const auto length = static_cast<std::uint16_t>(bytes);
  std::memcpy(bytes_.data() + at, &length, sizeof length);
}

NetlinkBatch& NetlinkBatch::attribute(std::uint16_t type, std::string_view data) {
  const std::size_t at = bytes_.size();
  nlattr header{.nla_len = 0, .nla_type = type};
  append(bytes_of(header));
  append(data);
  set_length(at, sizeof(nlattr) + data.size());
  return *this;
}

NetlinkBatch& NetlinkBatch::text(std::uint16_t type, std::string_view data) {
  return attribute(type, std::string(data) + '\0');
}

NetlinkBatch& NetlinkBatch::nested(std::uint16_t type, const std::function<void()>& content) {
  const std::size_t at = bytes_.size();
  nlattr header{.nla_len = 0, .nla_type = static_cast<std::uint16_t>(type | NLA_F_NESTED)};
  append(bytes_of(header));
  content();
  set_length(at, bytes_.size() - at);
  return *this;
}

int netlink_commit(int socket, const NetlinkBatch& batch, std::uint32_t answers) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(socket, batch.bytes().data(), batch.bytes().size(), 0,
               reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0) {
    return errno;
  }
  std::array<char, 32768> buffer;
  while (answers > 0) {
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0 ? errno : EPIPE;
    NetlinkMessages messages({buffer.data(), static_cast<std::size_t>(got)});
    while (auto message = messages.next()) {
      if (message->header.nlmsg_type != NLMSG_ERROR) continue;
      const auto error = take<nlmsgerr>(message->content);
      if (!error) return EBADMSG;
      if (error->error != 0) return -error->error;
      if (answers > 0) --answers;
    }
  }
  return 0;
}

std::optional<NetlinkMessages::Message> NetlinkMessages::next() {
  std::string_view at = rest_;
  const auto header = take<nlmsghdr>(at);
  if (!header || header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > rest_.size()) {
    return std::nullopt;
  }
  const Message message{
      .header = *header,
      .content = rest_.substr(sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr))};
  rest_.remove_prefix(std::min<std::size_t>(netlink_aligned(header->nlmsg_len), rest_.size()));
  return message;
}

std::optional<std::string_view> find_attribute(std::string_view attributes, std::uint16_t type) {
  while (attributes.size() >= sizeof(nlattr)) {
    nlattr header;
    std::memcpy(&header, attributes.data(), sizeof header);
    if (header.nla_len < sizeof(nlattr) || header.nla_len > attributes.size()) return std::nullopt;
    if ((header.nla_type & NLA_TYPE_MASK) == type) {
      return attributes.substr(sizeof(nlattr), header.nla_len - sizeof(nlattr));
    }
    attributes.remove_prefix(
        std::min<std::size_t>(netlink_aligned(header.nla_len), attributes.size()));
  }
  return std::nullopt;
}

}  // namespace pyro::gate
