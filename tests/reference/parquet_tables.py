"""Parquet tables as pandas, datasets and DreamLIP have them, for ParquetTableTest. Needs pyarrow."""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

OUT = Path(sys.argv[1] if len(sys.argv) > 1 else "llm2clip/src/test/resources/io/llm2clip/dataset")


def dreamlip(rows):
    return pa.table(
        {
            "Image Path": [f"https://example.org/{i}.jpg" for i in range(rows)],
            "raw_caption": [None if i % 7 == 0 else f"raw {i}" for i in range(rows)],
            "shortSV_captions": [f"short {i % 5}" for i in range(rows)],
            "longSV_captions": [f"long {i} " + "é" * (i % 11) for i in range(rows)],
            "width": list(range(rows)),
        }
    )


def images(rows):
    """The bytes are no pictures; readers of tables need not know."""
    image = pa.array(
        [None if i == 3 else {"bytes": bytes([i, 255, 0]) * (i + 1), "path": f"{i}.jpg"} for i in range(rows)],
        type=pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    )
    captions = [[] if i == 2 else [f"caption {i} {c}" for c in range(i % 4 + 1)] for i in range(rows)]
    return pa.table({"image": image, "captions": pa.array(captions, type=pa.list_(pa.string()))})


OUT.mkdir(parents=True, exist_ok=True)
small_pages = {"data_page_size": 256, "write_batch_size": 8, "row_group_size": 150}
pq.write_table(dreamlip(400), OUT / "dreamlip.parquet", **small_pages)
pq.write_table(images(40), OUT / "images.parquet", compression="zstd", **(small_pages | {"row_group_size": 16}))
pq.write_table(
    images(40),
    OUT / "indexed.parquet",
    compression="gzip",
    use_dictionary=False,
    write_page_index=True,
    **small_pages,
)
pq.write_table(images(40), OUT / "second.parquet", data_page_version="2.0", compression="none", **small_pages)
pq.write_table(pa.table({"caption": [1, 2], "image": ["a.png", "b.png"]}), OUT / "numbers.parquet")
