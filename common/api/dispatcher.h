#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/api/field.h"
#include "common/api/msgpack_codec.h"

namespace pyro::api {

/// Finds the handler of a request by the name of its method. A handler gets the decoded request and
/// the context, and returns the answer.
template <class Answer, class... Context>
class Dispatcher {
 public:
  /// A decoded request, ready for its handler. The dispatcher outlives it.
  using Run = std::function<Answer(Context...)>;

  /// `handler(const Op&, Context...)` answers each operation of the Api; a missing one does not
  /// compile. Replaces earlier handlers.
  template <class Handler, Operation... Ops>
  void serve(Api<Ops...>, const Handler& handler) {
    (add<Ops>(handler), ...);
  }

  template <Operation Op, class Handler>
  void add(Handler handler) {
    entries_[Op::kMethod.name] = {
        &message_type<Op>(), [] { return std::shared_ptr<void>(std::make_shared<Op>()); },
        [handler = std::move(handler)](const void* request, Context... context) -> Answer {
          return handler(*static_cast<const Op*>(request), std::forward<Context>(context)...);
        }};
  }

  /// Empty: no such method. invalid_argument: the body is not a request of that method.
  Run find(std::string_view method, std::string_view body) const {
    const auto found = entries_.find(method);
    if (found == entries_.end()) return Run();
    const Entry& entry = found->second;
    const std::shared_ptr<void> request = entry.make();
    read_msgpack(*entry.type, body, UnknownFields::kRefuse, request.get());
    return [&entry, request](Context... context) -> Answer {
      return entry.run(request.get(), std::forward<Context>(context)...);
    };
  }

 private:
  /// What one operation needs of its own; all else is compiled once.
  struct Entry {
    const MessageType* type;
    std::shared_ptr<void> (*make)();
    std::function<Answer(const void* request, Context...)> run;
  };
  std::map<std::string_view, Entry> entries_;
};

}  // namespace pyro::api
