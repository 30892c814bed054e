#include "common/link/message_frame.h"

#include <gmock/gmock.h>

#include "common/base/error.h"

namespace pyro::link {
namespace {

Frame output(std::string data) {
  Frame frame;
  frame.type = FrameType::kOutput;
  frame.stream = 1;
  frame.body.data = std::move(data);
  return frame;
}

TEST(FrameDecoder, frames_come_out_however_the_bytes_were_cut) {
  const std::string bytes =
      encode_frame(output("first")) + encode_frame(output(std::string(70'000, 'x')));
  for (const std::size_t cut : {1U, 3U, 4U, 1000U, 1'000'000U}) {
    FrameDecoder decoder;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < bytes.size(); at += cut) {
      decoder.feed(std::string_view(bytes).substr(at, cut));
      while (auto frame = decoder.next()) frames.push_back(*frame);
    }
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[0].body.data, "first");
    EXPECT_EQ(frames[0].type, FrameType::kOutput);
    EXPECT_EQ(frames[1].body.data.size(), 70'000U);
  }
}

TEST(FrameDecoder, a_length_over_the_limit_is_refused_at_once) {
  FrameDecoder decoder;
  decoder.feed(std::string_view("\x01\x10\x00\x01", 4));
  EXPECT_THROW(decoder.next(), Error);
}

TEST(FrameDecoder, the_longest_length_only_waits) {
  FrameDecoder decoder;
  decoder.feed(std::string_view("\x01\x10\x00\x00", 4));
  EXPECT_FALSE(decoder.next());
}

TEST(FrameDecoder, what_is_no_frame_is_refused) {
  for (const std::string_view bad :
       {std::string_view("\0\0\0\0", 4), std::string_view("\0\0\0\1\xc0", 5),
        std::string_view("\0\0\0\1\x81", 5), std::string_view("\0\0\0\1\x80", 5),
        std::string_view("\0\0\0\5\xdf\xff\xff\xff\xff", 9)}) {
    FrameDecoder decoder;
    decoder.feed(bad);
    EXPECT_THROW(decoder.next(), Error);
  }
}

TEST(EncodeFrame, the_head_and_the_body_are_the_frame) {
  for (const std::size_t bytes : {0U, 1U, 255U, 70'000U}) {
    const Frame frame = output(std::string(bytes, 'x'));
    EXPECT_EQ(encode_frame_head(frame, bytes) + frame.body.data, encode_frame(frame)) << bytes;
  }
  EXPECT_THROW(encode_frame_head(output(""), kMaxFrameBytes), Error);
}

TEST(EncodeFrame, a_message_over_the_limit_is_refused) {
  EXPECT_THROW(encode_frame(output(std::string(kMaxFrameBytes, 'x'))), Error);
}

}  // namespace
}  // namespace pyro::link
