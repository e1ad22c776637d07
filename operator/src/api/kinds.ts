import type { z } from 'zod';
import { backfill } from './backfill.ts';
import { runJournal } from './run-journal.ts';
import { semaphore } from './semaphore.ts';
import { signal } from './signal.ts';
import { workflow } from './workflow.ts';
import { workflowRun } from './workflow-run.ts';
import { clusterWorkflowTemplate, workflowTemplate } from './workflow-template.ts';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: number;
}

/** Everything about a kind that is not in its schema. CRDs are generated from this table and the schemas. */
export interface KindDefinition {
  readonly kind: string;
  /** Default Namespaced. */
  readonly scope?: 'Cluster';
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly schema: z.ZodType;
  readonly status: boolean;
  readonly columns: readonly PrinterColumn[];
  readonly selectableFields: readonly string[];
}

const AGE: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'When the object was created.',
};

export const WORKFLOW: KindDefinition = {
  kind: 'Workflow',
  plural: 'workflows',
  singular: 'workflow',
  shortNames: ['awf'],
  categories: ['ado'],
  schema: workflow,
  status: true,
  columns: [
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'Whether it can run.',
    },
    {
      name: 'Reason',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      description: 'Reason for the status.',
    },
    {
      name: 'Last-Run',
      type: 'string',
      jsonPath: '.status.lastApplied.run',
      description: 'The last run that onChange started.',
    },
    {
      name: 'Next-Run',
      type: 'string',
      jsonPath: '.status.nextRun',
      description: 'The next slot of any schedule.',
    },
    {
      name: 'Last-Schedule',
      type: 'date',
      jsonPath: '.status.lastSchedule',
      description: 'The newest slot that a schedule started a run for.',
    },
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].message',
      description: 'What is wrong and what to do about it.',
      priority: 1,
    },
    AGE,
  ],
  selectableFields: [],
};

export const WORKFLOW_RUN: KindDefinition = {
  kind: 'WorkflowRun',
  plural: 'workflowruns',
  singular: 'workflowrun',
  shortNames: ['awr'],
  categories: ['ado'],
  schema: workflowRun,
  status: true,
  columns: [
    { name: 'Workflow', type: 'string', jsonPath: '.spec.workflowRef.name', description: 'The Workflow that runs.' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Phase of the run.' },
    {
      name: 'Progress',
      type: 'string',
      jsonPath: '.status.progress',
      description: 'Successful tasks out of all known tasks, and how many failed.',
    },
    {
      name: 'Chain',
      type: 'integer',
      jsonPath: '.status.chain.index',
      description: 'Index of the run in its chain; the first is 0.',
    },
    {
      name: 'Waiting-For',
      type: 'string',
      jsonPath: '.status.waitingFor',
      description: 'What unfinished tasks wait for.',
    },
    {
      name: 'Reason',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Succeeded")].reason',
      description: 'Reason for the status.',
    },
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Succeeded")].message',
      description: 'What happened.',
      priority: 1,
    },
    AGE,
  ],
  selectableFields: ['.spec.workflowRef.name', '.status.phase'],
};

export const RUN_JOURNAL: KindDefinition = {
  kind: 'RunJournal',
  plural: 'runjournals',
  singular: 'runjournal',
  shortNames: [],
  categories: [],
  schema: runJournal,
  status: false,
  columns: [
    { name: 'Run', type: 'string', jsonPath: '.spec.runRef.name', description: 'The run whose history this is.' },
    { name: 'First', type: 'integer', jsonPath: '.spec.firstSeq', description: 'Sequence number of the first event.' },
    { name: 'Last', type: 'integer', jsonPath: '.spec.lastSeq', description: 'Sequence number of the last event.' },
    AGE,
  ],
  selectableFields: [],
};

export const BACKFILL: KindDefinition = {
  kind: 'Backfill',
  plural: 'backfills',
  singular: 'backfill',
  shortNames: ['abf'],
  categories: ['ado'],
  schema: backfill,
  status: true,
  columns: [
    { name: 'Workflow', type: 'string', jsonPath: '.spec.workflow', description: 'The Workflow that runs.' },
    { name: 'Schedule', type: 'string', jsonPath: '.spec.schedule', description: 'The schedule whose slots run.' },
    { name: 'State', type: 'string', jsonPath: '.status.phase', description: 'Phase of the Backfill.' },
    {
      name: 'Progress',
      type: 'string',
      jsonPath: '.status.progress',
      description: 'Completed slots out of all slots.',
    },
    { name: 'Failed', type: 'integer', jsonPath: '.status.counts.failed', description: 'Runs that failed.' },
    {
      name: 'Reason',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Succeeded")].reason',
      description: 'Reason for the status.',
    },
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Succeeded")].message',
      description: 'What happened.',
      priority: 1,
    },
    AGE,
  ],
  selectableFields: ['.spec.workflow', '.status.phase'],
};

export const SEMAPHORE: KindDefinition = {
  kind: 'Semaphore',
  plural: 'semaphores',
  singular: 'semaphore',
  shortNames: ['asem'],
  categories: ['ado'],
  schema: semaphore,
  status: true,
  columns: [
    {
      name: 'Permits',
      type: 'integer',
      jsonPath: '.spec.permits',
      description: 'Maximum number of permits held at once.',
    },
    { name: 'Held', type: 'integer', jsonPath: '.status.held', description: 'Number of permits held.' },
    { name: 'Waiting', type: 'integer', jsonPath: '.status.waiting', description: 'Number of waiting attempts.' },
    AGE,
  ],
  selectableFields: [],
};

export const SIGNAL: KindDefinition = {
  kind: 'Signal',
  plural: 'signals',
  singular: 'signal',
  shortNames: ['asig'],
  categories: ['ado'],
  schema: signal,
  status: true,
  columns: [
    { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'Approval, Input or Data.' },
    { name: 'Run', type: 'string', jsonPath: '.spec.run', description: 'The run that the signal is for.' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Outcome of the signal.' },
    { name: 'Waiting-For', type: 'string', jsonPath: '.status.waitingFor', description: 'What is missing.' },
    { name: 'Votes', type: 'string', jsonPath: '.status.votes', description: 'Approvals given out of those required.' },
    { name: 'Expires', type: 'string', jsonPath: '.status.expiresAt', description: 'When it expires.' },
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.spec.request.message',
      description: 'Question to answer.',
      priority: 1,
    },
    AGE,
  ],
  selectableFields: ['.spec.run', '.spec.type', '.status.phase'],
};

const TEMPLATE_COLUMNS: readonly PrinterColumn[] = [
  { name: 'Version', type: 'string', jsonPath: '.spec.version', description: 'The version in the spec.' },
  {
    name: 'Ready',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].status',
    description: 'Whether it can be used.',
  },
  {
    name: 'Reason',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    description: 'Reason for the status.',
  },
  {
    name: 'Message',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].message',
    description: 'What is wrong and what to do about it.',
    priority: 1,
  },
  AGE,
];

export const WORKFLOW_TEMPLATE: KindDefinition = {
  kind: 'WorkflowTemplate',
  plural: 'workflowtemplates',
  singular: 'workflowtemplate',
  shortNames: ['awt'],
  categories: ['ado'],
  schema: workflowTemplate,
  status: true,
  columns: TEMPLATE_COLUMNS,
  selectableFields: [],
};

export const CLUSTER_WORKFLOW_TEMPLATE: KindDefinition = {
  kind: 'ClusterWorkflowTemplate',
  scope: 'Cluster',
  plural: 'clusterworkflowtemplates',
  singular: 'clusterworkflowtemplate',
  shortNames: ['acwt'],
  categories: ['ado'],
  schema: clusterWorkflowTemplate,
  status: true,
  columns: TEMPLATE_COLUMNS,
  selectableFields: [],
};

export const KINDS: readonly KindDefinition[] = [
  WORKFLOW,
  WORKFLOW_TEMPLATE,
  CLUSTER_WORKFLOW_TEMPLATE,
  WORKFLOW_RUN,
  BACKFILL,
  RUN_JOURNAL,
  SEMAPHORE,
  SIGNAL,
];
