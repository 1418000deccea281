"""torch_compare_data.py: rows of torch_compare.py for data sets, samplers and loaders: the samples of
two passes over numbered rows, where batches end, and a number drawn from the generator behind them.
Draws must be equal to the last one, so a row's error is 0 or its orders differ."""
import ctypes as C

import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import (BatchSampler, ConcatDataset, DataLoader, RandomSampler,
                              SequentialSampler, Subset, SubsetRandomSampler, TensorDataset,
                              WeightedRandomSampler, random_split)

from torch_compare_table import F64, I64, row

FIELDS = 4
TORCH2 = 2  # the variant of a generator whose multinomial draws as torch 2.x does


class LoaderOptions(C.Structure):
    _fields_ = [("batch_size", C.c_int64), ("shuffle", C.c_bool), ("drop_last", C.c_bool),
                ("generator", C.c_void_p), ("sampler", C.c_void_p), ("pad", C.c_bool),
                ("padding", C.c_double * FIELDS), ("collate", C.c_void_p), ("user", C.c_void_p),
                ("num_workers", C.c_int), ("prefetch_factor", C.c_int)]


class Batch(C.Structure):
    _fields_ = [("x", C.c_void_p), ("y", C.c_void_p), ("tokens", C.c_int64), ("bytes", C.c_int64),
                ("global_tokens", C.c_int64), ("x_lengths", C.c_void_p), ("y_lengths", C.c_void_p),
                ("more", C.c_void_p * (FIELDS - 2)), ("more_lengths", C.c_void_p * (FIELDS - 2))]


class RandomOptions(C.Structure):
    _fields_ = [("replacement", C.c_bool), ("num_samples", C.c_int64), ("generator", C.c_void_p)]


class BucketOptions(C.Structure):
    _fields_ = [("batch_size", C.c_int64), ("pool_batches", C.c_int64), ("shuffle", C.c_bool),
                ("sort_within_batch", C.c_bool), ("generator", C.c_void_p)]


class Sample(C.Structure):
    _fields_ = [("fields", C.c_void_p * FIELDS), ("seed", C.c_uint64)]


def told(batches, after):
    """Of two passes: all samples, the batches' sizes, and what is drawn behind."""
    return (torch.tensor([i for b in batches for i in b], dtype=I64),
            torch.tensor([len(b) for b in batches], dtype=I64), torch.tensor([after], dtype=I64))


# ---- both sides --------------------------------------------------------------------------------

class OreData:
    """Numbered rows and a generator (or the default one), freed with what was made over them."""

    def __init__(self, lib, n, seed, own, variant=0):
        self.lib, self.closers = lib, []
        lib.call("manual_seed", C.c_uint64(seed), restype=None)
        self.generator = None
        if own:
            self.generator = self.made("generator_new", "generator_free", C.c_uint64(seed))
            lib.status("generator_set_variant", self.generator, C.c_uint(variant))
        else:
            lib.status("generator_set_variant", C.c_void_p(lib.call("default_generator")),
                       C.c_uint(variant))
        self.rows = lib.from_torch(torch.arange(n))
        self.data = self.made("tensor_dataset_new", "dataset_close",
                              (C.c_void_p * 1)(self.rows), C.c_int(1))

    def made(self, name, closer, *args):
        handle = self.lib.tensor(name, *args)
        self.closers.insert(0, (closer, handle))
        return handle

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for closer, handle in self.closers:
            self.lib.call(closer, handle, restype=None)
        self.lib.status("generator_set_variant", C.c_void_p(self.lib.call("default_generator")),
                        C.c_uint(0))

    def passes(self, data=None, sampler=None, batch_size=1, shuffle=False, drop_last=False,
               workers=0):
        o = LoaderOptions(batch_size, shuffle, drop_last,
                          self.generator, sampler,
                          num_workers=workers, prefetch_factor=2)
        loader = self.made("loader_new", "loader_free", data or self.data, C.byref(o))
        batches = []
        for _ in range(2):
            while True:
                batch = self.lib.call("loader_next", loader, restype=Batch)
                if not self.lib.call("ok", restype=C.c_bool):
                    self.lib.fail()
                if not batch.x:
                    break
                batches.append(self.lib.to_torch(C.c_void_p(batch.x)).tolist())
        return [self.lib.from_torch(t) for t in told(batches, self.draw())]

    def draw(self):
        shape = self.lib.from_torch(torch.zeros(1, dtype=I64))
        return self.lib.call("item_int", self.lib.tensor("random_", shape, 0, 1000, self.generator),
                             restype=C.c_int64)


def torch_passes(data, seed, own, batch_size=1, **how):
    torch.manual_seed(seed)
    g = torch.Generator().manual_seed(seed) if own else None
    how = {k: v(g) if callable(v) else v for k, v in how.items()}
    if "batch_sampler" not in how:
        how["batch_size"] = batch_size
    loader = DataLoader(data, generator=g, **how)
    batches = [(b[0] if isinstance(b, list) else b).tolist() for _ in range(2) for b in loader]
    return told(batches, torch.zeros(1, dtype=I64).random_(0, 1000, generator=g).item())


def numbers(n):
    return TensorDataset(torch.arange(n))


def sizes(d):
    """Rows, rows of a batch, seed, whether the generator is the loader's own, workers."""
    return [d.r.choice([1, 2, 7, 12, 33, 64]), d.r.choice([1, 2, 3, 4, 8, 40]),
            d.r.randrange(2**31), d.chance(0.5), d.r.choice([0, 0, 1, 3])]


# ---- loaders and samplers ----------------------------------------------------------------------

def ore_loader(lib, n, b, seed, own, workers, shuffle, drop_last):
    with OreData(lib, n, seed, own) as o:
        return o.passes(None, None, b, shuffle, drop_last, workers)


row("loader_new", lambda d: [*sizes(d), d.chance(0.7), d.chance(0.4)],
    lambda n, b, seed, own, workers, shuffle, drop_last: torch_passes(
        numbers(n), seed, own, b, shuffle=shuffle, drop_last=drop_last),
    ore=ore_loader, grad=False)


def ore_sampler(lib, n, b, seed, own, workers, make, variant=0):
    """The sampler's generator is its own, the loader's the default one, or both are the same."""
    with OreData(lib, n, seed, own, variant) as o:
        return o.passes(sampler=make(o), batch_size=b, workers=workers)


def sampler_row(name, draw, ore, torch_, variant=0):
    row(name, lambda d: [*sizes(d), *draw(d)],
        lambda n, b, seed, own, workers, *a: torch_passes(
            numbers(n), seed, own, b, sampler=lambda g: torch_(n, g, *a)),
        ore=lambda lib, n, b, seed, own, workers, *a: ore_sampler(
            lib, n, b, seed, own, workers, lambda o: ore(o, n, *a), variant), grad=False)


sampler_row("sequential_sampler_new", lambda d: [],
            lambda o, n: o.made("sequential_sampler_new", "sampler_close", n),
            lambda n, g: SequentialSampler(range(n)))
sampler_row("random_sampler_new", lambda d: [d.chance(0.5), d.r.choice([0, 1, 5, 32, 100])],
            lambda o, n, replace, samples: o.made(
                "random_sampler_new", "sampler_close", n,
                C.byref(RandomOptions(replace, samples, o.generator))),
            lambda n, g, replace, samples: RandomSampler(range(n), replace, samples or None, g))


def some_indices(n, count):
    return [i * 7 % n for i in range(count)]


sampler_row("subset_random_sampler_new", lambda d: [d.r.choice([1, 4, 30])],
            lambda o, n, count: o.made("subset_random_sampler_new", "sampler_close",
                                       (C.c_int64 * count)(*some_indices(n, count)), count,
                                       o.generator),
            lambda n, g, count: SubsetRandomSampler(some_indices(n, count), g))


def weights_of(n):
    return [(i * i % 5) / 3 + (i == 0) for i in range(n)]


def ore_weighted(o, n, samples, replace):
    samples = samples if replace else sum(w > 0 for w in weights_of(n))
    return o.made("weighted_random_sampler_new", "sampler_close",
                  (C.c_double * n)(*weights_of(n)), n, samples, replace, o.generator)


def torch_weighted(n, g, samples, replace):
    samples = samples if replace else sum(w > 0 for w in weights_of(n))
    return WeightedRandomSampler(weights_of(n), samples, replace, g)


sampler_row("weighted_random_sampler_new", lambda d: [d.r.choice([1, 9, 40]), d.chance(0.6)],
            ore_weighted, torch_weighted, TORCH2)


def ore_batches(lib, n, b, seed, own, workers, drop_last):
    with OreData(lib, n, seed, own) as o:
        inner = o.made("random_sampler_new", "sampler_close", n,
                       C.byref(RandomOptions(False, 0, o.generator)))
        return o.passes(sampler=o.made("batch_sampler_new", "sampler_close", inner, b, drop_last),
                        workers=workers)


row("batch_sampler_new", lambda d: [d.r.choice([3, 12, 33, 64]), d.r.choice([1, 2, 3]),
                                    *sizes(d)[2:], d.chance(0.4)],
    lambda n, b, seed, own, workers, drop_last: torch_passes(
        numbers(n), seed, own, batch_sampler=lambda g: BatchSampler(
            RandomSampler(range(n), generator=g), b, drop_last)),
    ore=ore_batches, grad=False)


# ---- torchtext's buckets, which its last release without PyTorch's own loader had ---------------

def lengths_of(n):
    return [1 + i * i % 11 for i in range(n)]


def bucket_batches(n, g, b, pool, shuffle, within):
    """pool() of torchtext, its samples shuffled before as BucketIterator does, with torch's draws."""
    key = lengths_of(n).__getitem__
    order = torch.randperm(n, generator=g).tolist() if shuffle else list(range(n))
    for at in range(0, n, b * pool):
        chunk = sorted(order[at:at + b * pool], key=key)
        batches = [chunk[i:i + b] for i in range(0, len(chunk), b)]
        turns = torch.randperm(len(batches), generator=g).tolist() if shuffle \
            else range(len(batches))
        for i in turns:
            yield sorted(batches[i], key=key, reverse=True) if within else batches[i]


class Buckets:
    def __init__(self, *how):
        self.how = how

    def __iter__(self):
        yield from list(bucket_batches(*self.how))  # drawn as the first batch is asked for


def ore_buckets(lib, n, b, seed, own, workers, pool, shuffle, within):
    with OreData(lib, n, seed, True) as o:
        sampler = o.made("bucket_sampler_new", "sampler_close", (C.c_int64 * n)(*lengths_of(n)), n,
                         C.byref(BucketOptions(b, pool, shuffle, within, o.generator)))
        return o.passes(sampler=sampler, workers=workers)


row("bucket_sampler_new", lambda d: [*sizes(d), d.r.choice([1, 2, 5]), d.chance(0.7), d.chance(0.5)],
    lambda n, b, seed, own, workers, pool, shuffle, within: torch_passes(
        numbers(n), seed, True,
        batch_sampler=lambda g: Buckets(n, g, b, pool, shuffle, within)),
    ore=ore_buckets, grad=False)


# ---- data sets ---------------------------------------------------------------------------------

def split_lengths(n, count):
    return [n // count] * (count - 1) + [n - n // count * (count - 1)]


def ore_split(lib, n, seed, own, parts, fractions):
    with OreData(lib, n, seed, own) as o:
        out = (C.c_void_p * len(parts))()
        if fractions:
            lib.status("random_split_fractions", o.data, (C.c_double * len(parts))(*parts),
                       len(parts), o.generator, out)
        else:
            lib.status("random_split", o.data, (C.c_int64 * len(parts))(*parts), len(parts),
                       o.generator, out)
        o.closers[:0] = [("dataset_close", C.c_void_p(p)) for p in out]
        results = []
        for p in out:
            results += o.passes(C.c_void_p(p), batch_size=4)
        return results


def torch_split(n, seed, own, parts):
    torch.manual_seed(seed)
    g = torch.Generator().manual_seed(seed) if own else torch.default_generator
    results = []
    for p in random_split(numbers(n), parts, g):
        batches = [b[0].tolist() for _ in range(2)
                   for b in DataLoader(p, 4, generator=g if own else None)]
        results += told(batches, torch.zeros(1, dtype=I64).random_(0, 1000, generator=g).item())
    return results


row("random_split", lambda d: [d.r.choice([12, 33]), d.r.randrange(2**31), d.chance(0.5),
                               d.r.choice([1, 2, 3])],
    lambda n, seed, own, count: torch_split(n, seed, own, split_lengths(n, count)),
    ore=lambda lib, n, seed, own, count: ore_split(lib, n, seed, own, split_lengths(n, count),
                                                   False), grad=False)
row("random_split_fractions", lambda d: [d.r.choice([12, 33, 101]), d.r.randrange(2**31),
                                         d.chance(0.5),
                                         d.r.choice([[0.8, 0.1, 0.1], [0.5, 0.5], [1.0]])],
    torch_split,
    ore=lambda lib, n, seed, own, parts: ore_split(lib, n, seed, own, parts, True), grad=False)


def ore_joined(lib, n, b, seed, own, workers):
    with OreData(lib, n, seed, own) as o:
        count = min(n, 5)
        part = o.made("subset_new", "dataset_close", o.data,
                      (C.c_int64 * count)(*some_indices(n, count)), count)
        both = o.made("concat_dataset_new", "dataset_close", (C.c_void_p * 2)(part, o.data), 2)
        return o.passes(both, None, b, True, False, workers)


row("concat_dataset_new", sizes,
    lambda n, b, seed, own, workers: torch_passes(
        ConcatDataset([Subset(numbers(n), some_indices(n, min(n, 5))), numbers(n)]), seed, own, b,
        shuffle=True), ore=ore_joined, grad=False)


def ore_collate(lib, values, widths, padding):
    samples = (Sample * len(widths))()
    keep, at = [], 0
    for s, w in zip(samples, widths):
        keep.append(lib.from_torch(values[at:at + w]))
        s.fields[0] = keep[-1].value
        at += w
    batch = Batch()
    lib.status("collate", samples, len(widths), C.c_int(1), (C.c_double * FIELDS)(padding),
               C.byref(batch))
    return C.c_void_p(batch.x), C.c_void_p(batch.x_lengths)


row("collate", lambda d: [torch.rand(40, 2, generator=d.g, dtype=F64),
                          [d.r.randint(0, 6) for _ in range(d.r.randint(1, 6))],
                          d.r.choice([0.0, -1.0])],
    lambda values, widths, padding: (
        pad_sequence(list(values[:sum(widths)].split(widths)), True, padding),
        torch.tensor(widths)), ore=ore_collate, grad=False)
