#include "common/link/mux_frame.h"

#include <gmock/gmock.h>

#include "common/base/error.h"
#include "common/base/random.h"

namespace pyro::link {
namespace {

TEST(MuxDecoder, frames_come_out_however_the_bytes_were_cut) {
  std::string bytes;
  append_number_frame(bytes, 7, MuxType::kOpen, 5005);
  append_frame(bytes, 7, MuxType::kData, std::string(kMaxPayload, 'x'));
  append_frame(bytes, 0x01020304, MuxType::kFin);
  for (const std::size_t cut : {1U, 5U, 8U, 1000U, 1'000'000U}) {
    MuxDecoder decoder;
    std::vector<std::pair<std::uint32_t, MuxType>> frames;
    std::size_t payload = 0;
    for (std::size_t at = 0; at < bytes.size(); at += cut) {
      decoder.feed(std::string_view(bytes).substr(at, cut));
      while (const auto frame = decoder.next()) {
        frames.emplace_back(frame->stream, frame->type);
        payload += frame->payload.size();
        if (frame->type == MuxType::kOpen) {
          EXPECT_EQ(frame->number(), 5005U);
        }
      }
    }
    EXPECT_THAT(frames,
                ::testing::ElementsAre(std::pair(7U, MuxType::kOpen), std::pair(7U, MuxType::kData),
                                       std::pair(0x01020304U, MuxType::kFin)));
    EXPECT_EQ(payload, kMaxPayload + 4);
  }
}

TEST(MuxDecoder, the_header_is_little_endian) {
  std::string bytes;
  append_frame(bytes, 0x01020304, MuxType::kData, "ab");
  EXPECT_EQ(bytes, std::string("\x04\x03\x02\x01\x04\x02\x00\x00"
                               "ab",
                               10));
}

TEST(MuxDecoder, unknown_types_and_long_frames_are_refused) {
  for (const std::string_view bad :
       {std::string_view("\1\0\0\0\0\0\0\0", 8), std::string_view("\1\0\0\0\x09\0\0\0", 8),
        std::string_view("\1\0\0\0\4\xf9\x7f\0", 8)}) {
    MuxDecoder decoder;
    decoder.feed(bad);
    EXPECT_THROW(decoder.next(), Error);
  }
}

std::string hello(std::string_view nonce) {
  std::string out;
  append_hello(out, nonce);
  return out;
}

TEST(HelloScanner, a_hello_is_found_in_garbage_however_it_was_cut) {
  const std::string nonce = random_bytes(kNonceBytes);
  const std::string before = random_bytes(300) + "\xC1\x9E" + hello(nonce).substr(0, 20);
  const std::string bytes = before + hello(nonce) + "after";
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    HelloScanner scanner;
    int found = 0;
    for (std::size_t at = 0; at < bytes.size() && found == 0; at += cut) {
      const auto hit = scanner.scan(std::string_view(bytes).substr(at, cut));
      if (!hit) continue;
      ++found;
      EXPECT_EQ(hit->nonce, nonce);
      EXPECT_EQ(at + hit->end, before.size() + hello(nonce).size());
    }
    EXPECT_EQ(found, 1) << "cut into " << cut;
  }
}

TEST(FrameCut, data_that_holds_a_hello_never_travels_in_one_piece) {
  const std::string data = "x" + hello(random_bytes(kNonceBytes)) + "y";
  std::string wire;
  std::string carried;
  for (std::string_view rest = data; !rest.empty();) {
    const std::size_t bytes = frame_cut(rest);
    append_frame(wire, 0, MuxType::kData, rest.substr(0, bytes));
    carried += rest.substr(0, bytes);
    rest.remove_prefix(bytes);
  }
  EXPECT_EQ(carried, data);
  EXPECT_FALSE(HelloScanner().scan(wire));
}

}  // namespace
}  // namespace pyro::link
