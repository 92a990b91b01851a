#include "infer/page_pool.h"

#include <gtest/gtest.h>

namespace llmbox {
namespace {

TEST(PagePool, HandsOutNewPagesOnlyWhenNoneWasGivenBack) {
  PagePool pool(3);
  EXPECT_EQ(pool.take(), 0);
  EXPECT_EQ(pool.take(), 1);
  pool.drop_reference(0);
  EXPECT_EQ(pool.take(), 0);
  EXPECT_EQ(pool.high_water(), 2);
}

TEST(PagePool, HasNoPageBeyondItsCapacity) {
  PagePool pool(1);
  EXPECT_EQ(pool.take(), 0);
  EXPECT_EQ(pool.take(), -1);
}

TEST(PagePool, KeepsCachedPagesWhenTheLastReferenceGoes) {
  PagePool pool(2);
  const int32_t page = pool.take();
  pool.set_cached(page, true);
  pool.drop_reference(page);
  EXPECT_EQ(pool.n_referenced(), 0);
  EXPECT_EQ(pool.n_free(), 1);
  pool.set_cached(page, false);
  EXPECT_EQ(pool.n_free(), 2);
}

TEST(PagePool, FreesAPageWithItsLastReference) {
  PagePool pool(1);
  const int32_t page = pool.take();
  pool.add_reference(page);
  pool.drop_reference(page);
  EXPECT_EQ(pool.n_free(), 0);
  pool.drop_reference(page);
  EXPECT_EQ(pool.n_free(), 1);
}

}  // namespace
}  // namespace llmbox
