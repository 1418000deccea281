/* ore.h: the whole of Ore. */
#ifndef ORE_ORE_H
#define ORE_ORE_H

#include <ore/attend.h>
#include <ore/base.h>
#include <ore/conv.h>
#include <ore/data.h>
#include <ore/dataset.h>
#include <ore/debug.h>
#include <ore/device.h>
#include <ore/coding.h>
#include <ore/files.h>
#include <ore/generator.h>
#include <ore/gradcheck.h>
#include <ore/image.h>
#include <ore/infer.h>
#include <ore/init.h>
#include <ore/io.h>
#include <ore/loss.h>
#include <ore/nn.h>
#include <ore/op.h>
#include <ore/ops.h>
#include <ore/optim.h>
#include <ore/plot.h>
#include <ore/position.h>
#include <ore/prepare.h>
#include <ore/pyrandom.h>
#include <ore/random.h>
#include <ore/rnn.h>
#include <ore/run.h>
#include <ore/sampler.h>
#include <ore/sequence.h>
#include <ore/shape.h>
#include <ore/shards.h>
#include <ore/table.h>
#include <ore/tensor.h>
#include <ore/tensor_file.h>
#include <ore/text.h>
#include <ore/tokenizer_trainer.h>
#include <ore/train.h>
#include <ore/transformer.h>
#include <ore/value.h>
#include <ore/view.h>
#include <ore/weights.h>

#endif
