from stvsr.training.table import Table


def test_rows_after_the_checkpoint_are_dropped_on_resumption(tmp_path):
    path = tmp_path / "metrics.csv"
    table = Table(path)
    table.add({"step": 1, "loss": 0.5})
    kept = table.sync()
    table.add({"step": 2, "loss": 0.25})
    table.close()
    table = Table(path, kept)
    table.add({"step": 2, "loss": 0.125})
    table.close()
    assert path.read_text() == "step,loss\n1,0.5\n2,0.125\n"


def test_a_fresh_table_starts_empty(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("old\n")
    Table(path).close()
    assert path.read_text() == ""


def test_missing_numbers_are_empty_cells_and_columns_stay_those_of_the_first_row(tmp_path):
    path = tmp_path / "metrics.csv"
    table = Table(path)
    table.add({"step": 1, "psnr": None})
    table.add({"step": 2, "new": 3.0})
    table.close()
    assert path.read_text() == "step,psnr\n1,\n2,\n"
