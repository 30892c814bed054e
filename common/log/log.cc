#include "common/log/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>
#include <utility>

namespace pyro::log {
namespace {

constexpr std::size_t kFileSize = 4U << 20U;
constexpr std::size_t kFiles = 3;

thread_local std::string current_context = "-";

using Redact = std::shared_ptr<std::function<std::string(std::string)>>;
std::mutex redact_mutex;
Redact redact_line;  // under redact_mutex

Redact redactor() {
  const std::lock_guard lock(redact_mutex);
  return redact_line;
}

class ContextFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    out.append(current_context.data(), current_context.data() + current_context.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<ContextFlag>();
  }
};

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

void start(const std::filesystem::path& directory, std::string_view name, std::string_view level) {
  auto logger = spdlog::rotating_logger_mt(
      std::string(name), directory / (std::string(name) + ".log"), kFileSize, kFiles);
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<ContextFlag>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l [%*] %v");
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::from_str(std::string(level)));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void redact_by(std::function<std::string(std::string)> redact) {
  const std::lock_guard lock(redact_mutex);
  redact_line = redact
                    ? std::make_shared<std::function<std::string(std::string)>>(std::move(redact))
                    : nullptr;
}

void write(Level level, fmt::string_view text, fmt::format_args args) {
  spdlog::logger& logger = *spdlog::default_logger_raw();
  if (logger.should_log(spdlog_level(level))) {
    std::string line = fmt::vformat(text, args);
    if (const auto redact = redactor()) line = (*redact)(std::move(line));
    logger.log(spdlog_level(level), line);
  }
}

Context::Context(std::string_view trace_id, std::string_view subject)
    : previous_(std::exchange(current_context, std::string(trace_id))) {
  if (!subject.empty()) (current_context += ' ') += subject;
}

Context::~Context() { current_context = previous_; }

}  // namespace pyro::log
