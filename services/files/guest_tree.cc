#include "services/files/guest_tree.h"

#include <poll.h>
#include <sys/socket.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/link/agent_client.h"
#include "services/files/work_check.h"

namespace pyro::files {
namespace {

constexpr std::size_t kInputBytes = 256U << 10U;
/// More of an error's text than this is no sentence for a person.
constexpr std::size_t kSentenceBytes = 4096;

Error guest_is_gone() { return unavailable("the guest's agent closed the connection"); }

}  // namespace

GuestTree GuestTree::dial(const std::filesystem::path& link_socket, const Work& work) {
  const StopFd stop(work.stop);
  auto connection =
      link::AgentConnection::dial(link_socket, api::agent::kFilesPort, work.deadline, stop);
  return {connection.release(), work};
}

GuestTree::GuestTree(UniqueFd stream, const Work& work)
    : stream_(std::move(stream)), work_(work), input_(kInputBytes, '\0') {}

void GuestTree::take_tree(std::string_view method, std::string body, tree::Sink& sink) {
  tree::Decoder decoder(sink);
  exchange(method, std::move(body), [&](std::string_view piece) { decoder.feed(piece); });
  if (!decoder.done()) {
    stream_.reset();
    throw malformed("a tree without its end");
  }
}

std::string GuestTree::exchange(std::string_view method, std::string body,
                                const OnOutput& on_output) {
  if (!stream_) throw guest_is_gone();
  link::Frame frame{.type = link::FrameType::kRequest, .method = std::string(method), .body = {}};
  frame.body.data = std::move(body);
  Cleanup give_up([this] { stream_.reset(); });
  send(link::encode_frame(frame));
  link::Frame answer = wait_answer(on_output);
  if (answer.type == link::FrameType::kError) {
    const auto error = decode<link::ErrorBody>(answer.body.data);
    give_up.dismiss();
    throw Error(error_code_from(error.code),
                printable(std::string_view(error.message).substr(0, kSentenceBytes)));
  }
  give_up.dismiss();
  return std::move(answer.body.data);
}

link::Frame GuestTree::wait_answer(const OnOutput& on_output) {
  while (true) {
    link::Frame frame = read_frame();
    switch (frame.type) {
      case link::FrameType::kResult:
      case link::FrameType::kError:
        return frame;
      case link::FrameType::kProgress:
        break;
      case link::FrameType::kOutput:
        if (!on_output) throw malformed("output that was not asked for");
        on_output(frame.body.data);
        break;
      case link::FrameType::kRequest:
        throw malformed("a request");
    }
  }
}

link::Frame GuestTree::read_frame() {
  while (true) {
    try {
      if (auto frame = decoder_.next()) return std::move(*frame);
    } catch (const Error& error) {
      throw malformed(error.message());
    }
    wait(POLLIN);
    const ssize_t got = ::recv(stream_.get(), input_.data(), input_.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) throw guest_is_gone();
    decoder_.feed({input_.data(), static_cast<std::size_t>(got)});
  }
}

void GuestTree::send(std::string_view data) {
  while (!data.empty()) {
    wait(POLLOUT);
    const ssize_t sent =
        ::send(stream_.get(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) throw guest_is_gone();
    if (sent > 0) data.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void GuestTree::wait(short events) {
  // Whoever never pauses is never waited for.
  check(work_);
  const StopFd stop(work_.stop);
  if (!wait_for(stream_.get(), events, work_.deadline, stop)) check(work_);
}

Error GuestTree::malformed(std::string_view what) {
  return internal_error("the guest's agent sent a wrong answer: {}", printable(what));
}

void EntryList::entry(const tree::Entry& entry) {
  name_bytes_ += entry.path.size() + entry.link_target.size();
  if (entries_.size() == limits_.entries || name_bytes_ > limits_.name_bytes) {
    throw Error(ErrorCode::kResourceExhausted, refusal_);
  }
  entries_.push_back(entry);
}

void EntryList::data(std::string_view) {
  throw invalid_argument("the tree holds content that was not asked for");
}

}  // namespace pyro::files
