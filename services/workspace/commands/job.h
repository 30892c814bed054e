#pragma once

#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "common/base/clock.h"
#include "common/secrets/redacting_stream.h"
#include "services/workspace/agent_link.h"
#include "services/workspace/commands/journal.h"

namespace pyro::workspace {

/// One command of a workspace that runs, or has just ended: its output so far, and its waiting
/// callers. One thread, which follows the command, calls append() and end(). Thread-safe.
class Job {
 public:
  /// `redactor`: of the secrets that its output does not show, or null.
  explicit Job(CommandRecord begun, const std::shared_ptr<const Redactor>& redactor = nullptr);

  /// When its time is over.
  Deadline due() const { return due_; }
  /// When at the latest its guest has said how it ended; never while a reader holds it up.
  Deadline latest_end() const;
  /// Its guest has not said that it runs.
  void start_was_unanswered();

  /// Waits until it has ended and is recorded; false when `stop` or the deadline came first.
  bool wait(Deadline deadline, const std::stop_token& stop) const;
  bool ended() const;
  /// As it stands. Of one that has ended the state is kRunning when this service ended first.
  CommandRecord command() const;
  CommandOutput output() const;
  /// As it stands, and what it has printed from there on.
  CommandPart read(const OutputPlace& from, std::uint64_t max_bytes) const;
  /// The last line that it has printed with something in it, at most 200 printable characters.
  std::string last_line() const;

  /// A caller asked for its end, rather than for that of the workspace.
  void ask_to_cancel();
  bool cancel_asked() const;

  /// Takes all that is printed, from the beginning, in its order. One that is slow slows the
  /// command, as a terminal does.
  class Reader {
   public:
    explicit Reader(std::shared_ptr<Job> job);
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader();

    struct Piece {
      std::uint32_t stream;  ///< 1 standard output, 2 standard error
      std::string data;
    };
    /// Waits for the next piece; nullopt when there is none any more, or `stop` or the deadline
    /// came first.
    std::optional<Piece> next(Deadline deadline, const std::stop_token& stop);

   private:
    friend class Job;
    void push(std::uint32_t stream, std::string data);
    std::shared_ptr<Job> job_;
    std::deque<Piece> pieces_;
    std::size_t bytes_ = 0;
  };

  /// Waits for readers that are behind. False when it waits for none.
  bool append(std::uint32_t stream, std::uint64_t dropped, std::string_view data,
              const std::stop_token& stop);
  /// How much there is, as readers count.
  OutputPlace place() const;
  /// How much was appended, as its guest counts.
  OutputPlace taken() const;
  /// Nothing more is appended: what was held back is shown.
  void finish_output();
  /// For the thread that appends, and until it does so again.
  const CommandOutput& printed() const { return output_; }
  void end(CommandRecord command);
  /// Waits for no reader any more: the command is to end.
  void let_go();

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  CommandRecord command_;
  CommandOutput output_;
  struct Stream {
    CapturedOutput& captured;
    RedactingStream& redacting;
    std::uint64_t& taken;
  };
  Stream stream(std::uint32_t number);
  void show(std::uint32_t stream, std::string text);
  std::list<Reader*> readers_;
  RedactingStream stdout_redacting_;
  RedactingStream stderr_redacting_;
  OutputPlace taken_;
  Deadline due_;
  bool start_unanswered_ = false;
  std::uint32_t last_stream_ = 1;
  bool ended_ = false;
  bool cancel_asked_ = false;
  bool let_go_ = false;
};

}  // namespace pyro::workspace
