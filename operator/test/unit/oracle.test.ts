import { describe, expect, it } from 'vitest';
import { API_VERSION, type RunJournal, type WorkflowRun } from '../../src/api/index.ts';
import { decodeState, digestOfPage, digestText } from '../../src/engine/index.ts';
import { recordedHistories } from '../support/histories.ts';
import { historyProblems } from '../support/oracle.ts';

const recorded = recordedHistories().find(({ recorded: { history } }) => history.length > 0)?.recorded;
if (!recorded) throw new Error('no recorded history has a page');
const { history, tail, state, digest } = recorded;

const eventsOf = (text: string) => JSON.parse(text) as unknown[];

const journals: RunJournal[] = history.map(({ firstSeq, events }) => ({
  apiVersion: API_VERSION,
  kind: 'RunJournal',
  metadata: { name: `uid-${firstSeq}` },
  spec: {
    runRef: { name: 'run', uid: 'uid' },
    firstSeq,
    lastSeq: firstSeq + eventsOf(events).length - 1,
    digest: digestText(events),
    events,
  },
}));

const tailFrom = Math.max(...journals.map(({ spec }) => spec.lastSeq)) + 1;

const run = (status: WorkflowRun['status'] = {}): WorkflowRun => ({
  apiVersion: API_VERSION,
  kind: 'WorkflowRun',
  metadata: { name: 'run', uid: 'uid' },
  spec: { workflowRef: { name: 'workflow' }, desiredState: 'Running' },
  status: {
    definition: { digest, revision: 'revision' },
    seq: decodeState(state).seq,
    state,
    journal: { firstSeq: tailFrom, pages: journals.length, tail },
    ...status,
  },
});

describe('the replay oracle', () => {
  it('has nothing to say of a history that folds into its state', () => {
    expect(historyProblems(run(), journals)).toEqual([]);
  });

  it('does not mind a page whose status write has not come about yet, nor pages of other runs', () => {
    const early = { ...journals[0]!, spec: { ...journals[0]!.spec, firstSeq: tailFrom, lastSeq: tailFrom + 1 } };
    const other = { ...journals[0]!, spec: { ...journals[0]!.spec, runRef: { name: 'run', uid: 'before' } } };
    expect(historyProblems(run(), [...journals, early, other])).toEqual([]);
  });

  it('notices a state that differs by one byte', () => {
    const problems = historyProblems(run({ state: state.replace('"seq"', '"seq" ') }), journals);
    expect(problems.join()).toContain('the fold of the history is not the state');
  });

  it('notices a page that another one stands in for, and does not mind strangers beside the page', () => {
    const [first] = journals;
    if (!first) throw new Error('the history has no page');
    const newest = { firstSeq: first.spec.firstSeq, digest: digestOfPage(first.spec) };
    const one = run({ journal: { firstSeq: first.spec.lastSeq + 1, pages: 1, tail: '[]', newest } });
    const stranger = { ...first, spec: { ...first.spec, events: '[]', digest: digestText('[]') } };
    const complaint = 'the page from 1 is not the one that the next one names';
    expect(historyProblems(one, [stranger, first]).join()).not.toContain('pages');
    expect(historyProblems(one, [first]).join()).not.toContain('pages');
    expect(historyProblems(one, [stranger])).toContain(complaint);
  });

  it('notices a missing page', () => {
    const trimmed = run({ journal: { firstSeq: tailFrom, pages: journals.length + 1, tail } });
    expect(historyProblems(trimmed, journals).join()).toContain(`status counts ${journals.length + 1} pages`);
  });

  it('notices a history without its beginning', () => {
    expect(historyProblems(run(), []).join()).toContain('a history begins with the event Accepted');
  });

  it('notices an event that was recorded twice', () => {
    const last = eventsOf(tail).at(-1);
    const twice = JSON.stringify([...eventsOf(tail), last]);
    const problems = historyProblems(
      run({ journal: { firstSeq: tailFrom, pages: journals.length, tail: twice } }),
      journals,
    );
    expect(problems.join()).toContain('the history has');
  });

  it('notices a page that is not what its digest says', () => {
    const forged = journals.map((page) => ({ ...page, spec: { ...page.spec, digest: digestText('other') } }));
    expect(historyProblems(run(), forged).join()).toContain('has another digest');
  });
});
