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
  /// A decoded request, ready for its handler.
  using Run = std::function<Answer(Context...)>;

  /// `handler(const Op&, Context...)` answers each operation of the Api; a missing one does not
  /// compile. Replaces earlier handlers.
  template <class Handler, Operation... Ops>
  void serve(Api<Ops...>, const Handler& handler) {
    (add<Ops>(handler), ...);
  }

  template <Operation Op, class Handler>
  void add(Handler handler) {
    decoders_[Op::kMethod.name] = [handler = std::move(handler)](std::string_view body) -> Run {
      auto request = std::make_shared<const Op>(from_msgpack<Op>(body, UnknownFields::kRefuse));
      return [handler, request](Context... context) -> Answer {
        return handler(*request, std::forward<Context>(context)...);
      };
    };
  }

  /// Empty: no such method. invalid_argument: the body is not a request of that method.
  Run find(std::string_view method, std::string_view body) const {
    const auto decoder = decoders_.find(method);
    return decoder == decoders_.end() ? Run() : decoder->second(body);
  }

 private:
  std::map<std::string_view, std::function<Run(std::string_view)>> decoders_;
};

}  // namespace pyro::api
