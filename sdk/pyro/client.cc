#include "pyro/client.h"

#include <algorithm>

#include "common/base/random.h"
#include "common/config/config.h"
#include "common/stack/stack_client.h"
#include "pyro/limits.h"

namespace pyro {
namespace {

/// The longest time that the bus grants a call.
constexpr std::chrono::milliseconds kLongestLimit = std::chrono::days(30);

Paths paths_of(const ClientOptions& options) {
  return find_paths({options.state_dir, options.cache_dir, options.runtime_dir});
}

}  // namespace

Client::Client(const ClientOptions& options)
    : Client(std::make_shared<StackClient>(paths_of(options), options.settings)) {}

Client::Client(std::shared_ptr<StackClient> stack)
    : stack_(std::move(stack)),
      // A wrong setting is told here rather than by a stack that does not start.
      boot_(load_config(stack_->paths().config_file, stack_->settings()).vm.boot) {}

Client::~Client() = default;

const Paths& Client::paths() const { return stack_->paths(); }

template <api::Operation Op>
typename Op::Reply Client::call(const Op& request, const CallOptions& options) {
  const auto limit = std::min(options.limit.value_or(usual_limit(request)), kLongestLimit);
  const Work work{
      .deadline = Clock::now() + limit, .stop = options.stop, .progress = options.on_progress};
  if constexpr (requires { request.boot; }) {
    // It is about this caller's machines, and goes with each call.
    Op with_boot = request;
    if (with_boot.boot == api::BootPolicy::kAuto) with_boot.boot = boot_;
    return stack_->call(with_boot, work);
  } else if constexpr (requires { request.call_id; }) {
    // The bus repeats a call whose answer was lost.
    Op named = request;
    if (!named.call_id) named.call_id = new_id();
    return stack_->call(named, work);
  } else {
    return stack_->call(request, work);
  }
}

// Every operation of the doors is compiled here, once.
#define PYRO_CLIENT_METHOD(name, Op)                                                 \
  template PYRO_API api::Op::Reply Client::call(const api::Op&, const CallOptions&); \
  api::Op::Reply Client::name(const api::Op& request, const CallOptions& options) {  \
    return call(request, options);                                                   \
  }
PYRO_CLIENT_METHODS(PYRO_CLIENT_METHOD)
#undef PYRO_CLIENT_METHOD

}  // namespace pyro
