#include "records/shuffle.h"

#include <deque>

#include "core/error.h"

namespace llmbox {
namespace {

class ShuffledRows : public RowReader {
 public:
  ShuffledRows(std::unique_ptr<RowReader> rows, int64_t buffer_size, Rng rng)
      : rows_(std::move(rows)), size_(static_cast<size_t>(buffer_size)), rng_(std::move(rng)) {}

  // The draws of a Fisher-Yates shuffle from the front, as Rng::shuffle makes them.
  std::optional<Row> next() override {
    while (!ended_ && buffer_.size() < size_) refill();
    if (buffer_.empty()) return std::nullopt;
    if (buffer_.size() > 1) std::swap(buffer_.front(), buffer_[rng_.below(buffer_.size())]);
    Held drawn = std::move(buffer_.front());
    buffer_.pop_front();
    place_ = std::move(drawn.place);
    return std::move(drawn.row);
  }
  std::string place() const override { return place_; }

 private:
  struct Held {
    Row row;
    std::string place;
  };

  void refill() {
    std::optional<Row> row = rows_->next();
    if (row) buffer_.push_back({std::move(*row), rows_->place()});
    ended_ = !row;
  }

  std::unique_ptr<RowReader> rows_;
  size_t size_;
  Rng rng_;
  std::deque<Held> buffer_;
  std::string place_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<RowReader> shuffle_rows(std::unique_ptr<RowReader> rows, int64_t buffer_size, Rng rng) {
  CHECK(buffer_size > 0, "buffer of {} rows", buffer_size);
  return std::make_unique<ShuffledRows>(std::move(rows), buffer_size, std::move(rng));
}

}  // namespace llmbox
